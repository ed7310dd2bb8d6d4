"""Add, change and complete a follow-up."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.leads.access import can_work_lead, lock_lead_for_contact
from signups.leads.locking import ActionError, lock_lead
from signups.leads.models import Lead

from .models import FollowUp


@transaction.atomic
def add_follow_up(
    *, lead: Lead, task: str, due_at: dt.datetime, owner: User, by: User, now: dt.datetime, form_key: uuid.UUID
) -> None:
    """Add a follow-up. Idempotent by `form_key`. Raises ActionError."""
    lock_lead_for_contact(lead, by, now)
    if AuditEvent.objects.filter(idempotency_key=form_key).exists():
        return
    _check_due(due_at, now)
    FollowUp.objects.create(lead=lead, task=task, due_at=due_at, owner=owner, created_by=by, created_at=now)
    record_event(lead, AuditAction.FOLLOW_UP_ADDED, by=by, now=now, idempotency_key=form_key, owner=owner.pk)


@transaction.atomic
def change_follow_up(follow_up: FollowUp, *, due_at: dt.datetime, owner: User, by: User, now: dt.datetime) -> None:
    """Snooze or reassign an open follow-up. Raises ActionError."""
    stored = _lock_open(follow_up, by)
    _check_due(due_at, now)
    stored.due_at, stored.owner = due_at, owner
    stored.save(update_fields=["due_at", "owner"])
    record_event(stored.lead, AuditAction.FOLLOW_UP_CHANGED, by=by, now=now, owner=owner.pk)


@transaction.atomic
def complete_follow_up(follow_up: FollowUp, *, by: User, now: dt.datetime) -> None:
    """Mark a follow-up as done. Raises ActionError."""
    stored = _lock_open(follow_up, by)
    stored.done_at = now
    stored.save(update_fields=["done_at"])
    record_event(stored.lead, AuditAction.FOLLOW_UP_DONE, by=by, now=now)


def end_follow_ups(*, lead: Lead, by: Actor, now: dt.datetime, **kwargs: Any) -> None:
    """End the open follow-ups of a lead that staff close or convert. Receiver of `open_work_ended`."""
    if lead.follow_ups.filter(done_at=None).update(done_at=now):
        record_event(lead, AuditAction.FOLLOW_UP_ENDED, by=by, now=now)


def resume_follow_ups(*, lead: Lead, by: Actor, now: dt.datetime, since: dt.datetime, **kwargs: Any) -> None:
    """Reopen the follow-ups that were ended at `since`. Receiver of `open_work_resumed`."""
    if lead.follow_ups.filter(done_at=since).update(done_at=None):
        record_event(lead, AuditAction.FOLLOW_UP_REOPENED, by=by, now=now)


def may_change(user: User, follow_up: FollowUp) -> bool:
    """Return whether `user` may change it: its owner, or who may work the lead."""
    return follow_up.owner_id == user.pk or can_work_lead(user, follow_up.lead)


def _lock_open(follow_up: FollowUp, by: User) -> FollowUp:
    lead = lock_lead(follow_up.lead)
    stored = FollowUp.objects.select_for_update().get(pk=follow_up.pk)
    stored.lead = lead
    if not may_change(by, stored):
        raise ActionError("This follow-up is assigned to someone else.")
    if stored.done_at:
        raise ActionError("This follow-up is already done.")
    return stored


def _check_due(due_at: dt.datetime, now: dt.datetime) -> None:
    if due_at <= now:
        raise ActionError("Choose a future date and time for the follow-up.")
