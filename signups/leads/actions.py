"""Staff actions on a lead and their rules: owner, status, notes, tags."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent

from .access import can_work_lead, lock_lead_for_contact, lock_lead_for_work
from .choices import CONTACTED_STATUSES, TRANSITIONS, Channel, LeadStatus, OpenWork
from .contact import note_contact, record_contact
from .drafts import discard_saved_draft
from .locking import ActionError
from .models import Lead
from .note_models import Note
from .open_work import end_open_work
from .open_work import open_work as open_work_of
from .tag_models import LeadTag, Tag


def can_reopen(by: Actor) -> bool:
    return isinstance(by, User) and by.has_perm("signups.reopen_lead")


def allowed_transitions(lead: Lead, user: User) -> list[LeadStatus]:
    """Return the statuses that `user` may set on `lead` from its current one.

    CONVERTED is excluded: the lead becomes converted with its trial (`trials/actions.py`).
    """
    if not can_work_lead(user, lead) or (lead.status == LeadStatus.CLOSED and not can_reopen(user)):
        return []
    return [status for status in TRANSITIONS[LeadStatus(lead.status)] if status != LeadStatus.CONVERTED]


@transaction.atomic
def add_lead(*, source: str, by: User, now: dt.datetime, **columns: Any) -> Lead:
    """Add somebody who called or came in; `by` owns the lead. Nobody is sent anything, and no consent is recorded."""
    lead = Lead.objects.create(owner=by, created_at=now, first_touch_source=source, **columns)
    record_event(lead, AuditAction.LEAD_ADDED, by=by, now=now)
    return lead


@transaction.atomic
def assign_lead(*, lead: Lead, to: User | None, by: Actor, now: dt.datetime, bulk: uuid.UUID | None = None) -> None:
    """Set the owner of `lead` to `to`; None makes the lead unassigned.

    Idempotent. `bulk` names the bulk action that it is part of, for its undo. Raises ActionError.
    """
    stored = lock_lead_for_work(lead, by)
    if to and not (to.is_active and to.has_perm("signups.change_lead")):
        raise ActionError("That person can’t be assigned leads.")
    if stored.owner_id != (to and to.pk):
        Lead.objects.filter(pk=stored.pk).update(owner=to, kept_unassigned=to is None)
        before: dict[str, Any] = {
            "previous": stored.owner_id,
            "kept_unassigned": stored.kept_unassigned,
            "bulk": str(bulk),
        }
        record_event(stored, AuditAction.ASSIGNED, by=by, now=now, owner=to and to.pk, **(before if bulk else {}))
    lead.owner = to


def check_transition(seen: LeadStatus, to: LeadStatus, *, by: Actor, reason: str = "") -> str:
    """Return the normalized close reason, on one line, of a move from `seen` to `to`.

    Raises ActionError when the transition is not allowed. The single place for this rule: the lead page, bulk actions
    and imports call it.
    """
    if to not in TRANSITIONS[seen]:
        raise ActionError(f"A {seen.label.lower()} lead can’t be changed to {to.label.lower()}.")
    if seen == LeadStatus.CLOSED and not can_reopen(by):
        raise ActionError("Only the Head of Customer Care can reopen leads.")
    reason = " ".join(reason.split()) if to == LeadStatus.CLOSED else ""
    if to == LeadStatus.CLOSED and not reason:
        raise ActionError("Say why it is closed.")
    return reason


@transaction.atomic
def change_status(
    *,
    lead: Lead,
    to: LeadStatus,
    by: Actor,
    now: dt.datetime,
    reason: str = "",
    open_work: OpenWork | None = None,
) -> None:
    """Move `lead` from the status that the caller saw to `to` (`choices.TRANSITIONS`).

    `reason` is the close reason; closing a lead of whom something is under way needs `open_work`. Raises ActionError,
    also when another user changed the status meanwhile: the database compares and writes in one statement.
    """
    stored = lock_lead_for_work(lead, by)
    seen = LeadStatus(lead.status)
    reason = check_transition(seen, to, by=by, reason=reason)
    if to == LeadStatus.CONVERTED and not lead.trials.filter(converted_at__isnull=False).exists():
        raise ActionError("Convert the trial instead.")
    if to == LeadStatus.CLOSED and open_work is None and (found := open_work_of(lead, now)):
        under_way = "; ".join(str(item) for item in found)
        raise ActionError(f"Still open: {under_way}. Choose whether to end or keep that.")
    if seen == LeadStatus.CLOSED and _closed_uncontacted(stored):
        to = LeadStatus.NEW
    if not Lead.objects.filter(pk=lead.pk, status=seen).update(status=to, close_reason=reason):
        raise ActionError("Someone else just changed this lead. Review it and try again.")
    lead.status, lead.close_reason = to, reason
    if to in CONTACTED_STATUSES and seen != LeadStatus.CLOSED:  # (reopening is no contact)
        note_contact(lead, now)
    record_event(lead, AuditAction.MOVED, by=by, now=now, seen=seen.value, to=to.value)
    if open_work == OpenWork.CANCEL and to in (LeadStatus.CLOSED, LeadStatus.CONVERTED):
        end_open_work(lead, by=by, now=now)


def _closed_uncontacted(lead: Lead) -> bool:
    """Return whether nobody had made contact with the lead when staff closed it, nor has since."""
    closing = lead.events.filter(action=AuditAction.MOVED, detail__to=LeadStatus.CLOSED.value).order_by("-id").first()
    return lead.last_contact_at is None and closing is not None and closing.detail["seen"] == LeadStatus.NEW


@transaction.atomic
def write_note(
    *, lead: Lead, text: str, by: User, now: dt.datetime, form_key: uuid.UUID, supersedes: Note | None = None
) -> None:
    """Add a note to `lead`, or a newer version of the note `supersedes`.

    Idempotent by `form_key`. Raises ActionError.
    """
    lock_lead_for_contact(lead, by, now)
    if AuditEvent.objects.filter(idempotency_key=form_key).exists():
        return
    if supersedes and supersedes.lead_id != lead.pk:
        raise ActionError("That note belongs to another lead.")
    try:
        with transaction.atomic():
            Note.objects.create(lead=lead, author=by, text=text, created_at=now, supersedes=supersedes)
    except IntegrityError:
        raise ActionError("Someone else just edited this note. Your text is below – review and save again.") from None
    record_event(lead, AuditAction.NOTED, by=by, now=now, idempotency_key=form_key)
    discard_saved_draft(lead, author=by, saved=text)


@transaction.atomic
def log_incoming(
    *, lead: Lead, channel: Channel, text: str, at: dt.datetime | None, by: User, now: dt.datetime, form_key: uuid.UUID
) -> None:
    """Log a call, email or text of theirs that reached `by`, with a note of what they said; `at` is when, if not now.

    A call is a contact: somebody spoke with them. Idempotent by `form_key`. Raises ActionError.
    """
    lead = lock_lead_for_contact(lead, by, now)
    if AuditEvent.objects.filter(idempotency_key=form_key).exists():
        return
    if at and at > now:
        raise ActionError("Choose a time that is not in the future.")
    if channel == Channel.CALL:
        key = {"idempotency_key": form_key}
        record_contact(lead, AuditAction.INCOMING, by=by, now=now, at=at, reached=True, channel=channel.value, **key)
    else:
        record_event(lead, AuditAction.INCOMING, by=by, now=now, idempotency_key=form_key, channel=channel.value)
    write_note(lead=lead, text=text, by=by, now=now, form_key=uuid.uuid5(form_key, "note"))


@transaction.atomic
def add_tag(*, lead: Lead, tag: Tag, by: User, now: dt.datetime) -> None:
    """Add `tag` to `lead`. Idempotent. Raises ActionError."""
    lock_lead_for_work(lead, by)
    if not tag.is_active:
        raise ActionError("This tag is inactive.")
    if LeadTag.objects.get_or_create(lead=lead, tag=tag)[1]:
        record_event(lead, AuditAction.TAGGED, by=by, now=now, tag=tag.pk)


@transaction.atomic
def remove_tag(*, lead: Lead, tag: Tag, by: User, now: dt.datetime) -> None:
    """Remove `tag` from `lead`. Idempotent. Raises ActionError."""
    lock_lead_for_work(lead, by)
    if lead.taggings.filter(tag=tag).delete()[0]:
        record_event(lead, AuditAction.UNTAGGED, by=by, now=now, tag=tag.pk)
