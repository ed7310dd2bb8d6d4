"""Merge two leads, mark them as distinct, and undo either.

Merging moves every row that references the merged lead to the survivor, except audit events, which are append-only.
The merged lead keeps only its status; a snapshot in `LeadMerge`, encrypted, allows undoing until the undo window ends
or the lead is erased.
"""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction

from signups.audit.actions import record_event
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.consents.actions import revoke_consent
from signups.consents.choices import CALL_CONSENTS, OPTIONAL_CONSENTS, ConsentChannel, ConsentPurpose
from signups.leads.choices import TERMINAL_STATUSES, LeadStatus
from signups.leads.contact_details import announce_change
from signups.leads.locking import ActionError
from signups.leads.merge_models import DistinctLeadPair, LeadMerge
from signups.leads.models import Lead
from signups.leads.note_models import NoteDraft
from signups.leads.tag_models import LeadTag
from signups.privacy.personal_data import delete_data_export, models_with_lead
from signups.trials.models import Trial

# Choice of the merge form → the lead fields that belong together.
MERGE_CHOICES = {
    "name": ("name",),
    "email": ("email", "email_key", "email_bounced_at", "email_failure"),
    "phone": ("phone", "phone_e164", "phone_extension", "texts_failed_at", "wrong_number_at"),
    "owner": ("owner_id",),
}
# Rows that both may have, of which one is kept.
SHARED_FIELDS: dict[type[models.Model], str] = {LeadTag: "tag", NoteDraft: "author"}
STOPPED_FIELDS = {
    "unsubscribed_at": min,
    "do_not_call_at": max,
    "no_texts_at": max,
}  # either’s word holds for both, for good
CONTACT_FIELDS = {"first_contact_at": min, "last_contact_at": max}
SNAPSHOT_FIELDS = (
    *Lead.PII_FIELDS,
    "owner_id",
    "status",
    "email_bounced_at",
    "email_failure",
    "texts_failed_at",
    "wrong_number_at",
    *STOPPED_FIELDS,
    *CONTACT_FIELDS,
)
CONFLICT_MESSAGES = {
    "signups_callback_one_open_per_lead": "Both have an open callback. Resolve one first.",
    "signups_call_one_current_per_lead": "Both have an upcoming call. Cancel one first.",
    "signups_waitlist_one_open_per_state": "Both are on the waitlist for the same state.",
}


@transaction.atomic
def merge_leads(*, lead: Lead, other: Lead, from_other: set[str], by: User, now: dt.datetime) -> LeadMerge:
    """Merge `other` into `lead`, taking the choices in `from_other` from `other`.

    `from_other` holds keys of MERGE_CHOICES. Revoked consents and unsubscriptions of either lead stay in force. If both
    have an open trial, the one of `other` is cancelled without a message. Raises ActionError when both have a row of
    which a lead may have only one.
    """
    lead, other = _lock_both(lead, other, by)
    if other.status == LeadStatus.CONVERTED != lead.status:
        raise ActionError("Keep the converted lead.")
    revoked = _revoked_by_either(lead, other)
    original = {"lead": _row_values(lead), "other": _row_values(other)}
    ended = _cancel_second_trial(lead, other, now)
    _check_unique_constraints(lead, other)
    stopped = {name: _pick(pick, lead, other, name) for name, pick in STOPPED_FIELDS.items()}
    taken = {name: getattr(other, name) for key in from_other for name in MERGE_CHOICES[key]}
    taken |= {name: _pick(pick, lead, other, name) for name, pick in CONTACT_FIELDS.items()}
    if not (taken.get("email_key", lead.email_key) or taken.get("phone_e164", lead.phone_e164)):
        raise ActionError("Keep an email address or a phone number.")
    for one in (lead, other):  # earlier exports are incomplete now
        delete_data_export(one)
    DistinctLeadPair.objects.of(other).delete()
    Lead.objects.filter(pk=other.pk).update(**Lead.PII_FIELDS, status=LeadStatus.MERGED, owner=None)
    Lead.objects.filter(pk=lead.pk).update(**taken)
    moved = {
        model._meta.label: _reassign(model, other, lead) for model in models_with_lead() if model is not AuditEvent
    }
    for purpose, stated_at in revoked.items():
        revoke_consent(lead, purpose, channel=ConsentChannel.STAFF, by=by, now=now, stated_at=stated_at)
    Lead.objects.filter(pk=lead.pk).update(**stopped)  # as of when they said it, not of the merge
    announce_change(lead, _details_to_follow(lead, taken), by=by, now=now)
    snapshot = {**original, "taken": _serializable(taken), "moved": moved, "trial": ended}
    merge = LeadMerge.objects.create(
        lead=lead, merged_lead=other, merged_by=by, merged_at=now, snapshot=json.dumps(snapshot, cls=DjangoJSONEncoder)
    )
    record_event(lead, AuditAction.MERGED, by=by, now=now, other=other.pk, taken=sorted(from_other))
    record_event(other, AuditAction.MERGED, by=by, now=now, into=lead.pk)
    return merge


def _revoked_by_either(lead: Lead, other: Lead) -> dict[ConsentPurpose, dt.datetime]:
    """Return which consents one of them has revoked, with the later time of both."""
    return {
        purpose: max(stated)
        for purpose in OPTIONAL_CONSENTS
        if (stated := [at for one in (lead, other) if (at := _revoked_at(one, purpose))])
    }


def _details_to_follow(lead: Lead, taken: dict[str, Any]) -> set[str]:
    """Return the details that callbacks, calls and messages follow after a merge, taken or kept.

    A callback keeps its own number when neither lead had one, or none was kept.
    """
    details = {name for key in ("name", "email", "phone") for name in MERGE_CHOICES[key]}
    has_number = bool(taken.get("phone_e164", lead.phone_e164))
    return details if has_number or lead.calls.booked().exists() else details - {*MERGE_CHOICES["phone"]}


@transaction.atomic
def undo_merge(*, merge: LeadMerge, by: User, now: dt.datetime) -> None:
    """Restore both leads, each with its own rows.

    Rows added or changed since the merge stay with the survivor. Revocations and unsubscriptions, before or after the
    merge, stay in force for both. Raises ActionError after the undo window, or when an address was taken meanwhile.
    """
    _require_permission(by)
    rows = _locked(merge.lead_id, merge.merged_lead_id)
    lead, other = rows[merge.lead_id], rows[merge.merged_lead_id]
    merge = LeadMerge.objects.select_for_update().get(pk=merge.pk)
    if not merge.may_be_undone(now) or lead.status in TERMINAL_STATUSES:
        raise ActionError("This merge can no longer be undone.")
    if any(
        merge.pk in _merges_moved_with(later) for later in lead.merges.filter(undone_at=None, snapshot__isnull=False)
    ):
        raise ActionError("The remaining lead has been merged since. Undo that merge first.")
    snapshot = json.loads(merge.snapshot or "{}")
    delete_data_export(lead)
    _restore_details(lead, other, snapshot)
    for model in models_with_lead():
        if keys := snapshot["moved"].get(model._meta.label):
            _rows(model).filter(pk__in=keys, lead=lead).update(lead=other)
    for purpose in OPTIONAL_CONSENTS:
        if stated_at := _revoked_at(lead, purpose):
            revoke_consent(other, purpose, channel=ConsentChannel.STAFF, by=by, now=now, stated_at=stated_at)
    for one in (lead, other):
        one.refresh_from_db()
        announce_change(one, _details_to_follow(one, {}), by=by, now=now)
    Trial.objects.filter(pk=snapshot["trial"], lead=other).update(cancelled_at=None)
    LeadMerge.objects.filter(pk=merge.pk).update(undone_at=now, snapshot=None)
    for one in (lead, other):
        record_event(one, AuditAction.MERGE_UNDONE, by=by, now=now)


def _restore_details(lead: Lead, other: Lead, snapshot: dict[str, Any]) -> None:
    """Give both their details back, but for those of `lead` that were changed since. Raises ActionError."""
    unchanged = {name for name, value in snapshot["taken"].items() if _row_values(lead, (name,))[name] == value}
    restored = {name: snapshot["lead"][name] for name in unchanged}
    try:
        with transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(**restored)
            Lead.objects.filter(pk=other.pk).update(**snapshot["other"])
            for name in STOPPED_FIELDS:
                Lead.objects.filter(**{"pk": other.pk, name: None}).update(**{name: getattr(lead, name)})
    except IntegrityError:
        raise ActionError("Somebody else has this email address now, or one of them could not be reached.") from None


def _merges_moved_with(merge: LeadMerge) -> list[int]:
    """Return the keys of the earlier merges that moved with this merge."""
    moved: list[int] = json.loads(merge.snapshot or "{}")["moved"].get(LeadMerge._meta.label, [])
    return moved


@transaction.atomic
def mark_distinct(*, lead: Lead, other: Lead, by: User, now: dt.datetime) -> None:
    """Mark two leads as distinct, so that duplicate detection skips the pair.

    Idempotent. Raises ActionError.
    """
    older, newer = sorted(_lock_both(lead, other, by), key=lambda one: one.pk)
    _, created = DistinctLeadPair.objects.get_or_create(
        older=older, newer=newer, defaults={"created_by": by, "created_at": now}
    )
    if created:
        _record_pair_event(AuditAction.MARKED_DISTINCT, older.pk, newer.pk, by, now)


@transaction.atomic
def unmark_distinct(*, pair: DistinctLeadPair, by: User, now: dt.datetime) -> None:
    """Remove the mark, so that duplicate detection shows the pair again.

    Idempotent. Raises ActionError.
    """
    _require_permission(by)
    if DistinctLeadPair.objects.filter(pk=pair.pk).delete()[0]:
        _record_pair_event(AuditAction.UNMARKED_DISTINCT, pair.older_id, pair.newer_id, by, now)


def _record_pair_event(action: AuditAction, older: int, newer: int, by: User, now: dt.datetime) -> None:
    """Record an event about the pair, on neither lead.

    A data export must not disclose that somebody else shares the number.
    """
    record_event(None, action, by=by, now=now, target=f"leads:{older}+{newer}")


def _lock_both(lead: Lead, other: Lead, by: User) -> tuple[Lead, Lead]:
    """Lock and return both leads. Raises ActionError when one is merged or erased."""
    _require_permission(by)
    rows = _locked(lead.pk, other.pk)
    if len(rows) != 2 or any(row.status in TERMINAL_STATUSES for row in rows.values()):
        raise ActionError("One of these leads no longer exists. Refresh the page.")
    return rows[lead.pk], rows[other.pk]


def _require_permission(by: User) -> None:
    if not by.has_perm("signups.merge_lead"):
        raise ActionError("Only the Head of Customer Care can merge leads.")


def _locked(*keys: int) -> dict[int, Lead]:
    """Lock the leads in key order, which prevents deadlocks. Returns key → lead."""
    return {row.pk: row for row in Lead.objects.select_for_update().filter(pk__in=keys).order_by("pk")}


def _revoked_at(lead: Lead, purpose: ConsentPurpose) -> dt.datetime | None:
    """Return when `purpose` was revoked, if its latest consent record is a revocation.

    For calls, a later callback consent counts as consent again.
    """
    purposes = CALL_CONSENTS if purpose == ConsentPurpose.CALLS else (purpose,)
    last = lead.consents.filter(text__purpose__in=purposes).order_by("-created_at", "-id").first()
    return last.created_at if last is not None and not last.granted else None


def _cancel_second_trial(lead: Lead, other: Lead, now: dt.datetime) -> int | None:
    """Cancel the open trial of `other` if both have one; return its key or None."""
    second = other.trials.open().first()
    if second is None or not lead.trials.open().exists():
        return None
    Trial.objects.filter(pk=second.pk).update(cancelled_at=now)
    return second.pk


def _check_unique_constraints(lead: Lead, other: Lead) -> None:
    """Raise ActionError if the merge would violate a unique constraint on `lead`."""
    for model in (model for model in models_with_lead() if model not in SHARED_FIELDS):
        for rule in model._meta.constraints:
            if isinstance(rule, models.UniqueConstraint) and "lead" in rule.fields:
                rows = _rows(model).filter(rule.condition or models.Q())
                names = [name for name in rule.fields if name != "lead"]
                of_each = [
                    {row[1:] for row in rows.filter(lead=side).values_list("pk", *names)} for side in (lead, other)
                ]
                if set.intersection(*of_each):
                    raise ActionError(CONFLICT_MESSAGES.get(rule.name, f"Both have {model._meta.verbose_name_plural}."))


def _pick(pick: Callable[..., dt.datetime], lead: Lead, other: Lead, name: str) -> dt.datetime | None:
    """Return the earlier or the later of two moments, or the one there is."""
    moments = [moment for moment in (getattr(lead, name), getattr(other, name)) if moment]
    return pick(moments) if moments else None


def _reassign(model: type[models.Model], other: Lead, lead: Lead) -> list[Any]:
    rows = _rows(model).filter(lead=other)
    if name := SHARED_FIELDS.get(model):
        rows = rows.exclude(**{f"{name}__in": _rows(model).filter(lead=lead).values(name)})
    keys = list(rows.values_list("pk", flat=True))
    rows.filter(pk__in=keys).update(lead=lead)
    return keys


def _rows(model: type[models.Model]) -> models.QuerySet[Any]:
    """Return a plain QuerySet, without the restrictions of append-only managers.

    A merge changes the lead of append-only rows too.
    """
    return models.QuerySet(model)


def _row_values(lead: Lead, names: tuple[str, ...] = SNAPSHOT_FIELDS) -> dict[str, Any]:
    return _serializable({name: getattr(lead, name) for name in names})


def _serializable(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values as they are after a JSON round trip."""
    plain: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return plain
