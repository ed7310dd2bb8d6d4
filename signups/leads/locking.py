"""Row locking: `select_for_update` on a lead, refusing merged and erased ones."""

from .choices import TERMINAL_STATUSES, LeadStatus
from .models import Lead


class ActionError(Exception):
    """Raised when an action is refused; the message is a sentence for the user."""


class LeadUnavailable(ActionError):
    """Raised when the lead was merged or erased, possibly during the request."""


def lock_lead(lead: Lead) -> Lead:
    """Return the current row of `lead`, locked until the commit.

    Raises LeadUnavailable.
    """
    stored = Lead.objects.select_for_update().get(pk=lead.pk)
    if stored.status in TERMINAL_STATUSES:
        raise LeadUnavailable(f"This lead was {LeadStatus(stored.status).label.lower()}.")
    return stored
