"""The person whom a deed is about, as they are now and locked until the commit."""

from signups.models import Lead
from signups.states import GONE, LeadStatus


class Refused(Exception):
    """Why it was not done, in words for whoever asked."""


class Gone(Refused):
    """They were erased or merged, perhaps while this was on its way: nothing is written to them any more."""


def locked(lead: Lead) -> Lead:
    """The row of `lead` as it is now. Raises Gone."""
    stored = Lead.objects.select_for_update().get(pk=lead.pk)
    if stored.status in GONE:
        raise Gone(f"This lead was {LeadStatus(stored.status).label}.")
    return stored
