"""The person whom a deed is about, as they are now and locked until the commit."""

from .choices import TERMINAL_STATUSES, LeadStatus
from .models import Lead


class ActionError(Exception):
    """Why it was not done, in words for whoever asked."""


class LeadUnavailable(ActionError):
    """They were erased or merged, perhaps while this was on its way: nothing is written to them any more."""


def lock_lead(lead: Lead) -> Lead:
    """The row of `lead` as it is now. Raises Gone."""
    stored = Lead.objects.select_for_update().get(pk=lead.pk)
    if stored.status in TERMINAL_STATUSES:
        raise LeadUnavailable(f"This lead was {LeadStatus(stored.status).label}.")
    return stored
