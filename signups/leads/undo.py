"""Undo: how long staff can take back what they did, and the columns of a lead that an outcome changes."""

import datetime as dt
from typing import Any

from signups.audit.choices import AuditAction

from .choices import Channel, LeadStatus
from .models import Lead

STAFF_UNDO_WINDOW = dt.timedelta(hours=1)  # nothing that staff can undo is sent before it is over
TIMES = ("first_contact_at", "last_contact_at", "do_not_call_at", "texts_failed_at", "wrong_number_at")


def columns_before(lead: Lead) -> dict[str, Any]:
    """Return the columns of `lead` that an outcome may change, as plain facts for an audit event."""
    stored = Lead.objects.get(pk=lead.pk)
    times = {name: getattr(stored, name) for name in TIMES}
    return {
        "status": stored.status,
        "preferred_channel": stored.preferred_channel,
        **{name: moment.isoformat() if moment else None for name, moment in times.items()},
    }


def restore_columns(lead: Lead, before: dict[str, Any], *, since: dt.datetime) -> None:
    """Give `lead` the columns back that an outcome changed at `since`; what was changed later stays."""
    later = set(lead.events.filter(occurred_at__gt=since).values_list("action", flat=True))
    restored: dict[str, Any] = {
        name: dt.datetime.fromisoformat(before[name]) if before[name] else None
        for name in TIMES
        if getattr(lead, name) == since
    }
    if lead.last_contact_at != since:  # (somebody made contact since: the first one stays where it is)
        restored.pop("first_contact_at", None)
    if lead.status == LeadStatus.CONTACTED and AuditAction.MOVED not in later:
        restored["status"] = before["status"]
    if lead.preferred_channel == Channel.EMAIL and AuditAction.DETAILS_CHANGED not in later:
        restored["preferred_channel"] = before["preferred_channel"]
    if restored:
        Lead.objects.filter(pk=lead.pk).update(**restored)
        lead.refresh_from_db()
