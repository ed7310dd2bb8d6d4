"""Working a lead: whose it is, how far it has come, what staff wrote down. Every rule about that is here."""

import datetime as dt
import uuid

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent

from .choices import TRANSITIONS, LeadStatus
from .locking import ActionError, lock_lead
from .models import Lead
from .note_models import Note
from .tag_models import LeadTag, Tag


def can_work_lead(user: User, lead: Lead) -> bool:
    """Coordinators work their own leads and those that are nobody's; the Head works all."""
    mine = lead.owner_id in (None, user.pk) or user.has_perm("signups.work_any_lead")
    return mine and user.has_perm("signups.change_lead")


def can_write_note(user: User, lead: Lead) -> bool:
    """Also whoever speaks to them instead of their owner: who holds their callback, or takes their call."""
    if can_work_lead(user, lead) or not user.has_perm("signups.add_note"):
        return can_work_lead(user, lead)
    return (
        lead.callbacks.filter(closed_at=None, claimed_by=user).exists() or lead.calls.filter(host__user=user).exists()
    )


def can_reopen(by: Actor) -> bool:
    return isinstance(by, User) and by.has_perm("signups.reopen_lead")


def allowed_transitions(lead: Lead, user: User) -> list[LeadStatus]:
    """Where `user` may take this lead from where it stands. Converting is the trial's deed (`actions/trials.py`)."""
    if not can_work_lead(user, lead) or (lead.status == LeadStatus.CLOSED and not can_reopen(user)):
        return []
    return [status for status in TRANSITIONS[LeadStatus(lead.status)] if status != LeadStatus.CONVERTED]


@transaction.atomic
def assign_lead(*, lead: Lead, to: User | None, by: Actor, now: dt.datetime) -> None:
    """`to` answers for the lead from now on; None gives it back to nobody. Idempotent. Raises Refused."""
    stored = lock_lead_for_staff(lead, by)
    if to and not (to.is_active and to.has_perm("signups.change_lead")):
        raise ActionError("That person does not work leads.")
    if stored.owner_id != (to and to.pk):
        Lead.objects.filter(pk=stored.pk).update(owner=to)
        record_event(stored, AuditAction.ASSIGNED, by=by, now=now, owner=to and to.pk)
    lead.owner = to


def check_transition(seen: LeadStatus, to: LeadStatus, *, by: Actor, reason: str = "") -> str:
    """Why it is closed, on one line, where a lead may go from `seen` to `to`; raises Refused where it may not.

    The one place for this rule: of the page, of many at once, and of imports.
    """
    if to not in TRANSITIONS[seen]:
        raise ActionError(f"A lead that is {seen.label} cannot become {to.label}.")
    if seen == LeadStatus.CLOSED and not can_reopen(by):
        raise ActionError("Only the Head of Customer Care reopens a closed lead.")
    reason = " ".join(reason.split()) if to == LeadStatus.CLOSED else ""
    if to == LeadStatus.CLOSED and not reason:
        raise ActionError("Say why it is closed.")
    return reason


@transaction.atomic
def change_status(*, lead: Lead, to: LeadStatus, by: Actor, now: dt.datetime, reason: str = "") -> None:
    """Takes `lead` from the status the caller saw to `to` (`states.TRANSITIONS`); `reason` is why it is closed.

    Raises Refused, also when somebody else moved it meanwhile: the database compares and writes in one statement.
    """
    lock_lead_for_staff(lead, by)
    seen = LeadStatus(lead.status)
    reason = check_transition(seen, to, by=by, reason=reason)
    if to == LeadStatus.CONVERTED and not lead.trials.filter(converted_at__isnull=False).exists():
        raise ActionError("Convert the trial: the lead follows it.")
    if not Lead.objects.filter(pk=lead.pk, status=seen).update(status=to, close_reason=reason):
        raise ActionError("Somebody else moved this lead just now. Look at it again.")
    lead.status, lead.close_reason = to, reason
    record_event(lead, AuditAction.MOVED, by=by, now=now, seen=seen.value, to=to.value)


@transaction.atomic
def write_note(
    *, lead: Lead, text: str, by: User, now: dt.datetime, form_key: uuid.UUID, supersedes: Note | None = None
) -> None:
    """Adds a note, or a newer version of one. The same form again (`form_key`) adds nothing. Raises Refused."""
    if not can_write_note(by, lock_lead(lead)):
        raise ActionError("This lead is somebody else’s.")
    if AuditEvent.objects.filter(idempotency_key=form_key).exists():
        return
    if supersedes and supersedes.lead_id != lead.pk:
        raise ActionError("That note is about somebody else.")
    try:
        with transaction.atomic():
            Note.objects.create(lead=lead, author=by, text=text, created_at=now, supersedes=supersedes)
    except IntegrityError:
        raise ActionError("Somebody else changed this note just now. Read it again.") from None
    record_event(lead, AuditAction.NOTED, by=by, now=now, idempotency_key=form_key)


@transaction.atomic
def add_tag(*, lead: Lead, tag: Tag, by: User, now: dt.datetime) -> None:
    """Again, it changes nothing. Raises Refused."""
    lock_lead_for_staff(lead, by)
    if not tag.is_active:
        raise ActionError("This tag is no longer offered.")
    if LeadTag.objects.get_or_create(lead=lead, tag=tag)[1]:
        record_event(lead, AuditAction.TAGGED, by=by, now=now, tag=tag.pk)


@transaction.atomic
def remove_tag(*, lead: Lead, tag: Tag, by: User, now: dt.datetime) -> None:
    """Again, it changes nothing. Raises Refused."""
    lock_lead_for_staff(lead, by)
    if lead.taggings.filter(tag=tag).delete()[0]:
        record_event(lead, AuditAction.UNTAGGED, by=by, now=now, tag=tag.pk)


def lock_lead_for_staff(lead: Lead, by: Actor) -> Lead:
    """The row of `lead` as it is now, locked until the commit; Refused when `by` may not work it, or nobody can."""
    stored = lock_lead(lead)
    if isinstance(by, User) and not can_work_lead(by, stored):
        raise ActionError("This lead is somebody else’s.")
    return stored
