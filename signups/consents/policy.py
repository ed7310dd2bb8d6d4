"""Which consents are in force."""

from signups.leads.models import Lead

from .choices import ConsentPurpose


def agrees_to(lead: Lead, purpose: ConsentPurpose) -> bool:
    """Return whether the latest consent row of `purpose` grants it."""
    return lead.consents.in_force().filter(text__purpose=purpose).exists()
