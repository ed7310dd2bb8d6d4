"""Asking to be called, and calling. Whoever writes here locks the lead first, then the request."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from clinic.lib import contact_hours
from signups.audit.actions import Actor, record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.consents.actions import grant_consent, revoke_consent
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.hosts.business_hours import clinic_business_hours
from signups.leads.actions import can_work_lead, change_status
from signups.leads.choices import Channel, LeadStatus, PartOfDay
from signups.leads.locking import ActionError, lock_lead
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.scheduling import callback_times

from . import emails
from .choices import RETRY_OUTCOMES, CallbackOutcome, CallOutcome, Topic
from .models import MAX_CALL_ATTEMPTS, CallAttempt, CallbackRequest

MAX_CALL_LENGTH = dt.timedelta(hours=1)


@dataclass(frozen=True)
class CallbackDetails:
    """What somebody said about the call they ask for: the number as typed and in E.164, and their zone (IANA)."""

    phone: str
    phone_e164: str
    time_zone: str
    best_time: PartOfDay
    topic: Topic


def request_callback(wish: CallbackDetails, *, name: str, source: str, form_key: uuid.UUID, now: dt.datetime) -> None:
    """A visitor asks to be called. Raises Refused as `due` does.

    Known and new numbers end alike for the caller. The same form again (its `form_key`) does nothing.
    """
    try:
        with transaction.atomic():
            lead = _get_or_create_lead(wish, name=name, source=source, now=now)
            create_callback(lead, wish, channel=ConsentChannel.WEB, form_key=form_key, now=now)
    except IntegrityError:
        if not is_replay(form_key=form_key, phone_e164=wish.phone_e164):
            raise


def is_replay(*, form_key: uuid.UUID, phone_e164: str) -> bool:
    """Whether this form has done its work for this number already."""
    return AuditEvent.objects.filter(idempotency_key=_idempotency_key(form_key, phone_e164)).exists()


def _idempotency_key(form_key: uuid.UUID, phone_e164: str) -> uuid.UUID:
    """One form sent for one number: who goes back and mends a slip in it has asked for something new."""
    return uuid.uuid5(form_key, phone_e164)


def _get_or_create_lead(wish: CallbackDetails, *, name: str, source: str, now: dt.datetime) -> Lead:
    """The live lead of this name at this number, else a new one: households share numbers, so the name counts too."""
    found = Lead.objects.live().select_for_update().filter(phone_e164=wish.phone_e164, name__iexact=name).first()
    return found or Lead.objects.create(
        name=name,
        phone=wish.phone,
        phone_e164=wish.phone_e164,
        time_zone=wish.time_zone,
        preferred_channel=Channel.CALL,
        best_time=wish.best_time,
        first_touch_source=source,
        created_at=now,
    )


def promised_time(now: dt.datetime, time_zone: str) -> dt.datetime:
    """By when somebody in `time_zone` who asks now is called. Raises Refused where our hours are their night."""
    clinic = current_offer()
    promised = callback_times.promised_by(now, clinic.callback_minutes, clinic_business_hours(clinic), time_zone)
    if promised is None:
        raise ActionError(
            "We call between 8 a.m. and 9 p.m. where you are, and our phones are closed then. "
            f"Please write to us at {clinic.mailbox}."
        )
    return promised


@transaction.atomic
def create_callback(
    lead: Lead, wish: CallbackDetails, *, channel: ConsentChannel, form_key: uuid.UUID, now: dt.datetime
) -> CallbackRequest:
    """`lead` agrees to be called about this, and asks for it.

    Raises Refused as `due` does, Gone, IntegrityError for a `form_key` used. Who asks again is called as asked last:
    the earlier request is closed, its promise is kept, its tries are forgotten.
    """
    due_at = promised_time(now, wish.time_zone)
    lock_lead(lead)
    grant_consent(lead, ConsentPurpose.CALLBACKS, channel=channel, by=ActorKind.PATIENT, now=now)
    earlier = lead.callbacks.select_for_update().filter(closed_at=None).first()
    if earlier:
        _close(earlier, CallbackOutcome.ASKED_AGAIN, by=ActorKind.PATIENT, now=now)
        if not earlier.attempts.exists():
            due_at = min(due_at, earlier.due_at)
    record_event(
        lead,
        AuditAction.CALLBACK_REQUESTED,
        by=ActorKind.PATIENT,
        now=now,
        idempotency_key=_idempotency_key(form_key, wish.phone_e164),
    )
    return CallbackRequest.objects.create(
        **vars(wish),
        lead=lead,
        consent=lead.consents.in_force().get(text__purpose=ConsentPurpose.CALLBACKS),
        created_at=now,
        due_at=due_at,
    )


@transaction.atomic
def cancel_callback(lead: Lead, *, now: dt.datetime) -> None:
    """The person no longer wants to be called about this. Again, it changes nothing."""
    Lead.objects.select_for_update().get(pk=lead.pk)
    for waiting in lead.callbacks.select_for_update().filter(closed_at=None):
        _close(waiting, CallbackOutcome.CANCELLED, by=ActorKind.PATIENT, now=now)


@transaction.atomic
def claim_callback(request: CallbackRequest, *, by: User, now: dt.datetime) -> CallbackRequest:
    """`by` will call; the row, locked. Again, it changes nothing. Raises Refused when somebody else was first, or it is
    closed."""
    request = _locked(request)
    if request.claimed_by_id == by.pk:
        return request
    if request.claimed_by:
        raise ActionError(f"{_display_name(request.claimed_by)} has taken this one.")
    _set_claimant(request, by, now)
    record_event(request.lead, AuditAction.CALLBACK_CLAIMED, by=by, now=now)
    return request


@transaction.atomic
def release_callback(request: CallbackRequest, *, by: User, now: dt.datetime) -> None:
    """Whoever holds it puts it back. Raises Refused when `by` does not hold it."""
    request = _lock_claimed(request, by)
    _set_claimant(request, None, now)
    record_event(request.lead, AuditAction.CALLBACK_RELEASED, by=by, now=now)


@transaction.atomic
def reassign_callback(request: CallbackRequest, *, to: User, by: User, now: dt.datetime) -> None:
    """`to` holds it from now on, whoever did before. Raises Refused when `by` or `to` may not."""
    request = _locked(request)
    if not by.has_perm("signups.reassign_callbackrequest"):
        raise ActionError("Only the Head of Customer Care gives callbacks to others.")
    if not (to.is_active and to.has_perm("signups.work_callbackrequest")):
        raise ActionError("That person does not work callbacks.")
    if request.claimed_by_id != to.pk:
        _set_claimant(request, to, now)
        record_event(request.lead, AuditAction.CALLBACK_REASSIGNED, by=by, now=now, holder=to.pk)


@transaction.atomic
def log_attempt(
    request: CallbackRequest,
    *,
    number: int,
    outcome: CallOutcome,
    by: User,
    now: dt.datetime,
    form_key: uuid.UUID,
    next_attempt_at: dt.datetime | None = None,
) -> None:
    """`by` has just called, for the `number`th time in all. The same form again (`form_key`) does nothing.

    What nobody holds is taken with it. Raises Refused when somebody else holds it, or has called since `by` looked.
    What settles nothing needs `next_attempt_at` and goes back to the queue for then; the third such try closes it as
    unreachable, with an e-mail where there is an address. “Do not call” takes the consents back with it.
    """
    Lead.objects.select_for_update().get(pk=request.lead_id)
    if AuditEvent.objects.filter(idempotency_key=form_key).exists():
        return
    request = claim_callback(request, by=by, now=now)
    if number != request.attempts.count() + 1:
        raise ActionError("Somebody has called them meanwhile. Look how that went first.")
    # (the one thing that is heard at any hour)
    if outcome != CallOutcome.DO_NOT_CALL and not can_log_attempt(request, now):
        raise ActionError("It is not between 8 a.m. and 9 p.m. where they are: nobody may call them now.")
    again = outcome in RETRY_OUTCOMES and number < MAX_CALL_ATTEMPTS
    if again:
        _check_next(request, next_attempt_at, now)
    following = next_attempt_at if again else None
    CallAttempt.objects.create(
        request=request, number=number, attempted_at=now, attempted_by=by, outcome=outcome, next_attempt_at=following
    )
    lead = request.lead
    record_event(
        lead, AuditAction.CALL_ATTEMPTED, by=by, now=now, idempotency_key=form_key, number=number, outcome=outcome.value
    )
    if again:
        _set_claimant(request, None, now)
    else:
        _resolve(request, outcome, by=by, now=now)


def can_log_attempt(request: CallbackRequest, now: dt.datetime) -> bool:
    """They may be called now, or could be when it was taken, an hour ago at most: a call can run past nine."""
    taken_at = request.claimed_at or now
    begun = now - taken_at <= MAX_CALL_LENGTH and contact_hours.CALLING_HOURS.contains(taken_at, request.time_zone)
    return begun or contact_hours.CALLING_HOURS.contains(now, request.time_zone)


@transaction.atomic
def close_callback(request: CallbackRequest, *, by: User, now: dt.datetime) -> None:
    """Settled without a call, by whoever holds it. Raises Refused."""
    _close(_lock_claimed(request, by), CallbackOutcome.NOT_NEEDED, by=by, now=now)


def _resolve(request: CallbackRequest, outcome: CallOutcome, *, by: User, now: dt.datetime) -> None:
    """Closes the request after its last try."""
    if outcome == CallOutcome.DO_NOT_CALL:
        for purpose in (ConsentPurpose.CALLS, ConsentPurpose.TEXTS):  # (the first closes the request)
            revoke_consent(request.lead, purpose, channel=ConsentChannel.PHONE, by=by, now=now)
        return
    ended = CallbackOutcome.UNREACHABLE if outcome in RETRY_OUTCOMES else CallbackOutcome(outcome.value)
    _close(request, ended, by=by, now=now)
    lead = request.lead
    if ended == CallbackOutcome.REACHED and lead.status == LeadStatus.NEW and can_work_lead(by, lead):
        change_status(lead=lead, to=LeadStatus.CONTACTED, by=by, now=now)
    if ended in (CallbackOutcome.UNREACHABLE, CallbackOutcome.WRONG_NUMBER):
        emails.callback_unreachable(request, now=now)


def _check_next(request: CallbackRequest, moment: dt.datetime | None, now: dt.datetime) -> None:
    if moment is None or moment <= now:
        raise ActionError("Say when to try again, at a time that is still to come.")
    if not contact_hours.CALLING_HOURS.contains(moment, request.time_zone):
        raise ActionError("Try again between 8 a.m. and 9 p.m. where they are.")


def _locked(request: CallbackRequest) -> CallbackRequest:
    """The row as it is now, ours until the commit; Refused when it is closed."""
    Lead.objects.select_for_update().get(pk=request.lead_id)
    locked = CallbackRequest.objects.select_for_update().get(pk=request.pk)
    if locked.closed_at:
        raise ActionError(f"This callback is closed: {locked.get_outcome_display()}.")
    return locked


def _lock_claimed(request: CallbackRequest, by: User) -> CallbackRequest:
    locked = _locked(request)
    if locked.claimed_by_id != by.pk:
        raise ActionError("Take this callback first: nobody else can then call at the same time.")
    return locked


def _set_claimant(request: CallbackRequest, to: User | None, now: dt.datetime) -> None:
    CallbackRequest.objects.filter(pk=request.pk).update(claimed_by=to, claimed_at=now if to else None)


def _close(request: CallbackRequest, outcome: CallbackOutcome, *, by: Actor, now: dt.datetime) -> None:
    CallbackRequest.objects.filter(pk=request.pk).update(closed_at=now, outcome=outcome)
    record_event(request.lead, AuditAction.CALLBACK_CLOSED, by=by, now=now, outcome=outcome.value)


def _display_name(user: User) -> str:
    return user.get_full_name() or user.get_username()


def close_open_callback(*, lead: Lead, by: Actor, now: dt.datetime, **kwargs: Any) -> None:
    """Close the open request of `lead`, who wants no call any more (receiver of `callbacks_revoked`)."""
    if lead.callbacks.filter(closed_at=None).update(closed_at=now, outcome=CallbackOutcome.DO_NOT_CALL):
        record_event(lead, AuditAction.CALLBACK_CLOSED, by=by, now=now, outcome=CallbackOutcome.DO_NOT_CALL.value)
