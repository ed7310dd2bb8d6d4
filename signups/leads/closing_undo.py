"""Undo closing a lead, until STAFF_UNDO_WINDOW is over and before anybody was notified of what ended with it."""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction

from signups.audit.actions import record_event
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent

from .access import lock_lead_for_work
from .choices import LeadStatus
from .locking import ActionError
from .models import Lead
from .open_work import resume_open_work
from .undo import STAFF_UNDO_WINDOW


def undoable_closing(lead: Lead, now: dt.datetime) -> AuditEvent | None:
    """Return the event of the closing that can be undone at `now`."""
    if lead.status != LeadStatus.CLOSED:
        return None
    moved: AuditEvent | None = lead.events.filter(action=AuditAction.MOVED).order_by("-occurred_at", "-id").first()
    if moved is None or moved.detail.get("to") != LeadStatus.CLOSED or moved.occurred_at + STAFF_UNDO_WINDOW <= now:
        return None
    return moved


def closing_undo_until(lead: Lead, now: dt.datetime) -> dt.datetime | None:
    """Return until when closing the lead can be undone."""
    closing = undoable_closing(lead, now)
    return closing.occurred_at + STAFF_UNDO_WINDOW if closing else None


@transaction.atomic
def undo_closing(lead: Lead, *, by: User, now: dt.datetime) -> list[str]:
    """Give a closed lead its former status back, and resume what ended with it; return what could not be resumed.

    Raises ActionError.
    """
    lead = lock_lead_for_work(lead, by)
    closing = undoable_closing(lead, now)
    if closing is None:
        raise ActionError("Closing a lead can be undone for one hour.")
    Lead.objects.filter(pk=lead.pk).update(status=closing.detail["seen"], close_reason="")
    lead.refresh_from_db()
    record_event(lead, AuditAction.CLOSING_UNDONE, by=by, now=now)
    return resume_open_work(lead, by=by, now=now, since=closing.occurred_at)
