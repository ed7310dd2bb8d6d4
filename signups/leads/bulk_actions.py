"""Bulk actions: apply one action to many leads, each in its own transaction."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from signups.audit.actions import record_event
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent

from .locking import ActionError, lock_lead
from .models import Lead
from .undo import STAFF_UNDO_WINDOW

MAX_LEADS = 500  # leads per bulk action: bounded by one request and by what one person can review


@dataclass(frozen=True)
class BulkResult:
    """Number of leads done, and the refused ones with the reason as a sentence."""

    done: int
    refused: list[tuple[Lead, str]]


def apply_to_each(chosen: Iterable[Lead], action: Callable[[Lead], None]) -> BulkResult:
    """Call `action` (of `leads/actions.py`) for each lead of `chosen`.

    An ActionError of one lead is collected in the result and does not affect the others.
    """
    done, refused = 0, []
    for lead in chosen:
        try:
            action(lead)
        except ActionError as why:
            refused.append((lead, str(why)))
        else:
            done += 1
    return BulkResult(done, refused)


def undo_assignments(bulk: uuid.UUID, *, by: User, now: dt.datetime) -> BulkResult:
    """Give the leads of the bulk assignment `bulk` back to whom `by` took them from, one by one. Idempotent.

    A lead that was assigned again since stays. Raises ActionError when STAFF_UNDO_WINDOW is over.
    """
    events = AuditEvent.objects.filter(actor=by, action=AuditAction.ASSIGNED, occurred_at__gt=now - STAFF_UNDO_WINDOW)
    assigned = {event.lead_id: event for event in events.filter(detail__bulk=str(bulk)).select_related("lead")}
    if not assigned:
        raise ActionError("An assignment can be undone for one hour.")
    return apply_to_each(
        [event.lead for event in assigned.values() if event.lead],
        lambda lead: _give_back(lead, assigned[lead.pk], by=by, now=now),
    )


@transaction.atomic
def _give_back(lead: Lead, assigned: AuditEvent, *, by: User, now: dt.datetime) -> None:
    owner, previous = assigned.detail["owner"], assigned.detail["previous"]
    stored = lock_lead(lead)
    if stored.owner_id == previous:
        return
    if stored.owner_id != owner:
        raise ActionError("This lead was assigned again since.")
    fields = {"owner_id": previous, "kept_unassigned": assigned.detail["kept_unassigned"]}
    Lead.objects.filter(pk=lead.pk).update(**fields)
    record_event(stored, AuditAction.ASSIGNED, by=by, now=now, owner=previous)
