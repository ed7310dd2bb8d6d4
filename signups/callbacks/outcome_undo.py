"""Undo an outcome that ended something: a wrong number, somebody not interested, somebody who wants no calls.

The event of the outcome notes what was true before (`facts_before`). Nothing is sent about it until STAFF_UNDO_WINDOW
is over, so undoing puts everything back: the callback, the lead's columns, consents, calls that were canceled with it.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction

from signups.audit.actions import record_event
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.consents.choices import ConsentChannel
from signups.consents.models import Consent
from signups.leads.access import lock_lead_for_contact
from signups.leads.choices import LeadStatus
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.leads.open_work import resume_open_work
from signups.leads.undo import STAFF_UNDO_WINDOW, columns_before, restore_columns
from signups.messages.choices import MessageStatus

from .choices import FINAL_OUTCOMES, CallOutcome
from .emails import CALLBACK_UNREACHABLE
from .models import CallAttempt

LOGGED = (AuditAction.CALL_ATTEMPTED, AuditAction.TRIED)


def facts_before(lead: Lead) -> dict[str, Any]:
    """Return what an outcome may change about `lead`, as plain facts for its audit event."""
    texts = lead.consents.in_force().order_by("text").values_list("text", flat=True)
    return {**columns_before(lead), "consents": list(texts)}


@dataclass(frozen=True)
class UndoableOutcome:
    """An outcome that can still be undone."""

    event: AuditEvent

    @property
    def occurred_at(self) -> dt.datetime:
        return self.event.occurred_at

    @property
    def label(self) -> str:
        return CallOutcome(self.event.detail["outcome"]).label

    @property
    def until(self) -> dt.datetime:
        return self.event.occurred_at + STAFF_UNDO_WINDOW


def undoable_outcome(lead: Lead, now: dt.datetime) -> UndoableOutcome | None:
    """Return the outcome that can be undone at `now`, if the last one logged is such a one."""
    recent = lead.events.filter(
        occurred_at__gt=now - STAFF_UNDO_WINDOW, action__in=(*LOGGED, AuditAction.OUTCOME_UNDONE)
    )
    last: AuditEvent | None = recent.order_by("-occurred_at", "-id").first()
    if last is None or last.detail.get("outcome") not in FINAL_OUTCOMES or "before" not in last.detail:
        return None
    return UndoableOutcome(last)


@transaction.atomic
def undo_outcome(lead: Lead, *, by: User, now: dt.datetime) -> list[str]:
    """Undo the last outcome of `lead`; return, as sentences, what could not be put back.

    Raises ActionError when it cannot be undone any more.
    """
    lead = lock_lead_for_contact(lead, by, now)
    logged = undoable_outcome(lead, now)
    if logged is None:
        raise ActionError("An outcome can be undone for one hour, and not once another was logged.")
    if lead.status == LeadStatus.CLOSED:
        raise ActionError("This lead was closed since. Reopen it first.")
    since, before = logged.occurred_at, logged.event.detail["before"]
    # (by the plain queryset: the rows of attempts are otherwise never changed)
    models.QuerySet(CallAttempt).filter(request__lead=lead, attempted_at=since).update(undone_at=now)
    restore_columns(lead, before, since=since)
    _restore_consents(lead, before["consents"], since=since, now=now)
    unreachable = lead.messages.pending().filter(kind=CALLBACK_UNREACHABLE.value, created_at=since)
    unreachable.update(status=MessageStatus.CANCELLED)
    record_event(lead, AuditAction.OUTCOME_UNDONE, by=by, now=now)
    return resume_open_work(lead, by=by, now=now, since=since)


def _restore_consents(lead: Lead, before: list[int], *, since: dt.datetime, now: dt.datetime) -> None:
    """Grant again what was in force `before` and was revoked at `since`; what they said later holds."""
    for revoked in lead.consents.filter(granted=False, created_at=since, text__in=before).select_related("text"):
        later = lead.consents.filter(text__purpose=revoked.text.purpose, created_at__gt=since)
        if not later.exists():
            row = {"lead": lead, "text": revoked.text, "channel": ConsentChannel.UNDO}
            Consent.objects.create(**row, granted=True, created_at=now)
