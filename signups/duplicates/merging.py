"""Making one lead of two, or saying that they are two people, and taking either back.

Every row about the other one moves to the lead that is kept, whatever table it is in; only events stay, which nobody
changes. The other keeps nothing but its status: its details are in the merge, encrypted, until it can no longer be
undone or the lead is erased.
"""

import datetime as dt
import json
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
from signups.leads.locking import ActionError
from signups.leads.merge_models import DistinctLeadPair, LeadMerge
from signups.leads.models import Lead
from signups.leads.tag_models import LeadTag
from signups.privacy.personal_data import delete_data_export, models_with_lead
from signups.trials.models import Trial

# What is chosen on the page → the fields that go together.
MERGE_CHOICES = {
    "name": ("name",),
    "email": ("email", "email_key"),
    "phone": ("phone", "phone_e164"),
    "owner": ("owner_id",),
}
SHARED_FIELDS: dict[type[models.Model], str] = {LeadTag: "tag"}  # what both may have, and is kept once
SURVIVOR_PREFIX = (*Lead.PII_FIELDS, "owner_id", "status", "unsubscribed_at")
BOTH_HAVE_TRIAL = {
    "signups_callback_one_open_per_lead": "Both wait to be called: settle one of the callbacks first.",
    "signups_call_one_current_per_lead": "Both have a call booked: cancel one of the calls first.",
    "signups_waitlist_one_open_per_state": "Both wait to hear that we open in the same state.",
}


@transaction.atomic
def merge_leads(*, lead: Lead, other: Lead, from_other: set[str], by: User, now: dt.datetime) -> LeadMerge:
    """`lead` stays, with what `from_other` (keys of CHOICES) names taken from `other`, which becomes merged.

    What either of them took back or stopped stays so; their open trial goes on, and the other's, if both had one,
    ends without a message. Raises Refused, in words, where both hold what one may have only once.
    """
    lead, other = _lock_both(lead, other, by)
    if other.status == LeadStatus.CONVERTED != lead.status:
        raise ActionError("Keep the one who is a patient.")
    refused = {purpose for purpose in OPTIONAL_CONSENTS for one in (lead, other) if _restore_rows(one, purpose)}
    former = {"lead": _row_values(lead), "other": _row_values(other)}
    ended = _end_second_trial(lead, other, now)
    _check_unique_constraints(lead, other)
    stopped = min((at for at in (lead.unsubscribed_at, other.unsubscribed_at) if at), default=None)
    taken = {name: getattr(other, name) for key in from_other for name in MERGE_CHOICES[key]}
    if not (taken.get("email_key", lead.email_key) or taken.get("phone_e164", lead.phone_e164)):
        raise ActionError("Keep an e-mail address or a number: else nobody can reach them.")
    for one in (lead, other):  # it no longer tells of all
        delete_data_export(one)
    DistinctLeadPair.objects.of(other).delete()
    Lead.objects.filter(pk=other.pk).update(**Lead.PII_FIELDS, status=LeadStatus.MERGED, owner=None)
    Lead.objects.filter(pk=lead.pk).update(**taken, unsubscribed_at=stopped)
    moved = {
        model._meta.label: _reassign(model, other, lead) for model in models_with_lead() if model is not AuditEvent
    }
    for purpose in refused:
        revoke_consent(lead, ConsentPurpose(purpose), channel=ConsentChannel.STAFF, by=by, now=now)
    kept = {**former, "taken": _serializable(taken), "moved": moved, "trial": ended}
    made = LeadMerge.objects.create(
        lead=lead, merged_lead=other, merged_by=by, merged_at=now, snapshot=json.dumps(kept, cls=DjangoJSONEncoder)
    )
    record_event(lead, AuditAction.MERGED, by=by, now=now, other=other.pk, taken=sorted(from_other))
    record_event(other, AuditAction.MERGED, by=by, now=now, into=lead.pk)
    return made


@transaction.atomic
def undo_merge(*, merge: LeadMerge, by: User, now: dt.datetime) -> None:
    """Both are there again, each with its own rows; what was added or changed since stays with the one that was kept.

    What was taken back or stopped, by the merge or since, stays so for both.
    Raises Refused when it is too late or the address is taken.
    """
    _check_right(by)
    rows = _locked(merge.lead_id, merge.merged_lead_id)
    lead, other = rows[merge.lead_id], rows[merge.merged_lead_id]
    merge = LeadMerge.objects.select_for_update().get(pk=merge.pk)
    if not merge.may_be_undone(now) or lead.status in TERMINAL_STATUSES:
        raise ActionError("This merge can no longer be undone.")
    if any(merge.pk in _move_rows(later) for later in lead.merges.filter(undone_at=None, snapshot__isnull=False)):
        raise ActionError("Whom they were kept as was merged itself since: undo that first.")
    kept = json.loads(merge.snapshot or "{}")
    delete_data_export(lead)
    unchanged = {name for name, value in kept["taken"].items() if _row_values(lead, (name,))[name] == value}
    back = {name: kept["lead"][name] for name in unchanged}
    try:
        with transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(**back)
            Lead.objects.filter(pk=other.pk).update(**kept["other"])
            Lead.objects.filter(pk=other.pk, unsubscribed_at=None).update(unsubscribed_at=lead.unsubscribed_at)
    except IntegrityError:
        raise ActionError("Somebody else has this e-mail address now, or one of them could not be reached.") from None
    for model in models_with_lead():
        if keys := kept["moved"].get(model._meta.label):
            _rows(model).filter(pk__in=keys, lead=lead).update(lead=other)
    for purpose in OPTIONAL_CONSENTS:
        if _restore_rows(lead, purpose):
            revoke_consent(other, purpose, channel=ConsentChannel.STAFF, by=by, now=now)
    Trial.objects.filter(pk=kept["trial"], lead=other).update(cancelled_at=None)
    LeadMerge.objects.filter(pk=merge.pk).update(undone_at=now, snapshot=None)
    for one in (lead, other):
        record_event(one, AuditAction.MERGE_UNDONE, by=by, now=now)


def _move_rows(merge: LeadMerge) -> list[int]:
    """The earlier merges that moved with it."""
    moved: list[int] = json.loads(merge.snapshot or "{}")["moved"].get(LeadMerge._meta.label, [])
    return moved


@transaction.atomic
def mark_distinct(*, lead: Lead, other: Lead, by: User, now: dt.datetime) -> None:
    """They are two people, and no longer looked at as a pair. Said again, it changes nothing."""
    older, newer = sorted(_lock_both(lead, other, by), key=lambda one: one.pk)
    _, made = DistinctLeadPair.objects.get_or_create(
        older=older, newer=newer, defaults={"created_by": by, "created_at": now}
    )
    if made:
        _record_on_both(AuditAction.TOLD_APART, older.pk, newer.pk, by, now)


@transaction.atomic
def unmark_distinct(*, pair: DistinctLeadPair, by: User, now: dt.datetime) -> None:
    """They may be one person after all."""
    _check_right(by)
    if DistinctLeadPair.objects.filter(pk=pair.pk).delete()[0]:
        _record_on_both(AuditAction.APART_UNDONE, pair.older_id, pair.newer_id, by, now)


def _record_on_both(verb: AuditAction, older: int, newer: int, by: User, now: dt.datetime) -> None:
    """At neither of them: what one takes along does not tell that somebody shares their number."""
    record_event(None, verb, by=by, now=now, target=f"leads:{older}+{newer}")


def _lock_both(lead: Lead, other: Lead, by: User) -> tuple[Lead, Lead]:
    """Both rows as they are now."""
    _check_right(by)
    rows = _locked(lead.pk, other.pk)
    if len(rows) != 2 or any(row.status in TERMINAL_STATUSES for row in rows.values()):
        raise ActionError("One of them is gone. Look at them again.")
    return rows[lead.pk], rows[other.pk]


def _check_right(by: User) -> None:
    if not by.has_perm("signups.merge_lead"):
        raise ActionError("Only the Head of Customer Care merges leads and tells them apart.")


def _locked(*keys: int) -> dict[int, Lead]:
    """The leads by key, locked in one order, so that two who merge or undo never wait for each other."""
    return {row.pk: row for row in Lead.objects.select_for_update().filter(pk__in=keys).order_by("pk")}


def _restore_rows(lead: Lead, purpose: ConsentPurpose) -> bool:
    """Their last word on it was a no. Who said no to calls and asked for one since has said yes."""
    about = CALL_CONSENTS if purpose == ConsentPurpose.CALLS else (purpose,)
    last = lead.consents.filter(text__purpose__in=about).order_by("-created_at", "-id").first()
    return last is not None and not last.granted


def _end_second_trial(lead: Lead, other: Lead, now: dt.datetime) -> int | None:
    """The key of the other's open trial, if it had to end."""
    second = other.trials.open().first()
    if second is None or not lead.trials.open().exists():
        return None
    Trial.objects.filter(pk=second.pk).update(cancelled_at=now)
    return second.pk


def _check_unique_constraints(lead: Lead, other: Lead) -> None:
    """Raises Refused for the first constraint by which a lead has one of something, and both have it."""
    for model in (model for model in models_with_lead() if model not in SHARED_FIELDS):
        for rule in model._meta.constraints:
            if isinstance(rule, models.UniqueConstraint) and "lead" in rule.fields:
                held = _rows(model).filter(rule.condition or models.Q())
                names = [name for name in rule.fields if name != "lead"]
                of_each = [
                    {row[1:] for row in held.filter(lead=side).values_list("pk", *names)} for side in (lead, other)
                ]
                if set.intersection(*of_each):
                    raise ActionError(BOTH_HAVE_TRIAL.get(rule.name, f"Both have {model._meta.verbose_name_plural}."))


def _reassign(model: type[models.Model], other: Lead, lead: Lead) -> list[Any]:
    rows = _rows(model).filter(lead=other)
    if name := SHARED_FIELDS.get(model):
        rows = rows.exclude(**{f"{name}__in": _rows(model).filter(lead=lead).values(name)})
    keys = list(rows.values_list("pk", flat=True))
    rows.filter(pk__in=keys).update(lead=lead)
    return keys


def _rows(model: type[models.Model]) -> models.QuerySet[Any]:
    """A plain QuerySet: whose row it is may change here also for records that are otherwise only added to."""
    return models.QuerySet(model)


def _row_values(lead: Lead, names: tuple[str, ...] = SURVIVOR_PREFIX) -> dict[str, Any]:
    return _serializable({name: getattr(lead, name) for name in names})


def _serializable(values: dict[str, Any]) -> dict[str, Any]:
    """As it comes back from JSON."""
    plain: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return plain
