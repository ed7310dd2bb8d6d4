"""Request callbacks and log call attempts.

Lock order: the lead, then the callback request.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from clinic.lib.identity import Identity
from signups.audit.actions import Actor, record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.audit.staff_users import display_name
from signups.consents.actions import grant_consent, stop_calls_and_texts
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.contact_policy import Remedy, in_calling_hours, may_call_back
from signups.consents.problems import note_texts_failure
from signups.hosts.business_hours import clinic_business_hours
from signups.leads import contact_details
from signups.leads.actions import write_note
from signups.leads.choices import Channel, LeadStatus, PartOfDay
from signups.leads.contact import record_contact
from signups.leads.locking import ActionError, lock_lead
from signups.leads.matching import find_same_person
from signups.leads.models import Lead
from signups.leads.undo import STAFF_UNDO_WINDOW
from signups.offer import current_offer
from signups.ops.even_work import as_many_queries
from signups.scheduling import callback_times

from . import emails
from .choices import FINAL_OUTCOMES, REACHED_OUTCOMES, RETRY_OUTCOMES, CallbackOutcome, CallOutcome, Topic
from .models import MAX_CALL_ATTEMPTS, CallAttempt, CallbackRequest
from .outcome_undo import facts_before

MAX_CALL_LENGTH = dt.timedelta(hours=1)
CALLBACK_QUERIES = 28  # of a request by the public form, at most: of somebody who waits for a call already


@dataclass(frozen=True)
class CallbackDetails:
    """The visitor's entries: phone as typed, in E.164 and its extension, time zone (IANA), topic."""

    phone: str
    phone_e164: str
    time_zone: str
    best_time: PartOfDay
    topic: Topic
    phone_extension: str = ""


def request_callback(wish: CallbackDetails, *, name: str, source: str, form_key: uuid.UUID, now: dt.datetime) -> None:
    """Create a callback request for a visitor.

    The outcome is the same for known and new numbers. Idempotent for a repeated `form_key`. Raises ActionError as
    `promised_time` does.
    """
    unknown = AuditEvent.objects.filter(idempotency_key=form_key).exists
    try:
        with as_many_queries(CALLBACK_QUERIES, unknown), transaction.atomic():
            lead = _get_or_create_lead(wish, name=name, source=source, now=now)
            create_callback(lead, wish, channel=ConsentChannel.WEB, form_key=form_key, now=now)
    except IntegrityError:
        if not is_replay(form_key=form_key, phone_e164=wish.phone_e164):
            raise


def is_replay(*, form_key: uuid.UUID, phone_e164: str) -> bool:
    """Return whether this form submission was already processed for this number."""
    return AuditEvent.objects.filter(idempotency_key=_idempotency_key(form_key, phone_e164)).exists()


def _idempotency_key(form_key: uuid.UUID, phone_e164: str) -> uuid.UUID:
    """Derive the key of one form submission for one number.

    A corrected number in a resubmitted form counts as a new request.
    """
    return uuid.uuid5(form_key, phone_e164)


def _get_or_create_lead(wish: CallbackDetails, *, name: str, source: str, now: dt.datetime) -> Lead:
    """Return the live lead of this person (`clinic.lib.identity`), else a new lead.

    The name must match as well, because households share numbers.
    """
    found = find_same_person(Identity(name, e164=wish.phone_e164, extension=wish.phone_extension))
    return found or Lead.objects.create(
        name=name,
        phone=wish.phone,
        phone_e164=wish.phone_e164,
        phone_extension=wish.phone_extension,
        time_zone=wish.time_zone,
        preferred_channel=Channel.CALL,
        best_time=wish.best_time,
        first_touch_source=source,
        created_at=now,
    )


def promised_time(now: dt.datetime, time_zone: str) -> dt.datetime:
    """Return the time by which a callback requested at `now` is due.

    Raises ActionError when the clinic's opening hours are night in `time_zone`.
    """
    clinic = current_offer()
    promised = callback_times.promised_by(now, clinic.callback_minutes, clinic_business_hours(clinic), time_zone)
    if promised is None:
        raise ActionError(
            "We only call between 8:00 AM and 9:00 PM your time, and our office is closed then. "
            f"Please email us at {clinic.mailbox}."
        )
    return promised


@transaction.atomic
def create_callback(
    lead: Lead, wish: CallbackDetails, *, channel: ConsentChannel, form_key: uuid.UUID, now: dt.datetime
) -> CallbackRequest:
    """Grant the callback consent and create a callback request.

    Raises ActionError as `promised_time` does, LeadUnavailable, IntegrityError for a repeated `form_key`. A new request
    replaces the open one: the earlier due time is kept if nobody has called yet, and attempts are counted from zero.
    """
    due_at = promised_time(now, wish.time_zone)
    lock_lead(lead)
    grant_consent(lead, ConsentPurpose.CALLBACKS, channel=channel, by=ActorKind.PATIENT, now=now)
    if wish.phone_e164 == lead.phone_e164:
        contact_details.confirm_number(lead, by=ActorKind.PATIENT, now=now)
    earlier = lead.callbacks.select_for_update().filter(closed_at=None).first()
    if earlier:
        _close(earlier, CallbackOutcome.ASKED_AGAIN, by=ActorKind.PATIENT, now=now)
        if not earlier.attempts.standing().exists():
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
    """Close the open callback of `lead` as cancelled. Idempotent."""
    Lead.objects.select_for_update().get(pk=lead.pk)
    for waiting in lead.callbacks.select_for_update().filter(closed_at=None):
        _close(waiting, CallbackOutcome.CANCELLED, by=ActorKind.PATIENT, now=now)


@transaction.atomic
def claim_callback(request: CallbackRequest, *, by: User, now: dt.datetime) -> CallbackRequest:
    """Claim the request for `by` and return the locked row. Idempotent.

    Raises ActionError when another member of staff has claimed the request, or the request is closed.
    """
    request = _locked(request)
    if request.claimed_by_id == by.pk:
        return request
    if request.claimed_by:
        raise ActionError(f"{display_name(request.claimed_by)} has already claimed this callback.")
    _set_claimant(request, by, now)
    record_event(request.lead, AuditAction.CALLBACK_CLAIMED, by=by, now=now)
    return request


@transaction.atomic
def release_callback(request: CallbackRequest, *, by: User, now: dt.datetime) -> None:
    """Return a claimed request to the queue.

    Raises ActionError when `by` has not claimed the request.
    """
    request = _lock_claimed(request, by)
    _set_claimant(request, None, now)
    record_event(request.lead, AuditAction.CALLBACK_RELEASED, by=by, now=now)


@transaction.atomic
def reassign_callback(request: CallbackRequest, *, to: User, by: User, now: dt.datetime) -> None:
    """Give the request to `to`, even if another member of staff has claimed it.

    Idempotent. Raises ActionError when `by` or `to` lacks the permission.
    """
    request = _locked(request)
    if not by.has_perm("signups.reassign_callbackrequest"):
        raise ActionError("Only the Head of Customer Care can reassign callbacks.")
    if not (to.is_active and to.has_perm("signups.work_callbackrequest")):
        raise ActionError("That person can’t take callbacks.")
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
    note: str = "",
) -> None:
    """Log call attempt `number` by `by`, with a note on the lead. Idempotent for a repeated `form_key`.

    Claims an unclaimed request. Raises ActionError when another member of staff has claimed the request or has called
    meanwhile, and outside calling hours. Outcomes in RETRY_OUTCOMES need `next_attempt_at` and return it to the
    queue; after MAX_CALL_ATTEMPTS it closes as unreachable. DO_NOT_CALL revokes consents to calls and texts. One of
    FINAL_OUTCOMES can be undone (`outcome_undo`), and nothing is sent about it before that is over.
    """
    Lead.objects.select_for_update().get(pk=request.lead_id)
    if AuditEvent.objects.filter(idempotency_key=form_key).exists():
        return
    request = claim_callback(request, by=by, now=now)
    _check_attempt(request, number, outcome, now)
    retry = outcome in RETRY_OUTCOMES and number < MAX_CALL_ATTEMPTS
    if retry:
        _check_next_attempt(request, next_attempt_at, now)
    detail: dict[str, Any] = {"before": facts_before(request.lead)} if outcome in FINAL_OUTCOMES else {}
    facts = {"number": number, "outcome": outcome, "next_attempt_at": next_attempt_at if retry else None}
    CallAttempt.objects.create(request=request, attempted_at=now, attempted_by=by, **facts)
    CallbackRequest.objects.filter(pk=request.pk).update(retry_at=None)
    detail |= {"number": number, "outcome": outcome.value, "idempotency_key": form_key}
    reached = outcome in REACHED_OUTCOMES
    record_contact(request.lead, AuditAction.CALL_ATTEMPTED, by=by, now=now, reached=reached, **detail)
    if retry:
        _set_claimant(request, None, now)
    else:
        _resolve(request, outcome, by=by, now=now)
    if note:
        write_note(lead=request.lead, text=note, by=by, now=now, form_key=uuid.uuid5(form_key, "note"))


def _check_attempt(request: CallbackRequest, number: int, outcome: CallOutcome, now: dt.datetime) -> None:
    """Raise ActionError when a colleague called meanwhile, or outside calling hours."""
    if number != request.attempts.standing().count() + 1:
        raise ActionError("Someone else called since you opened this page. Check the outcome first.")
    # (a do-not-call request must be logged at any hour)
    if outcome != CallOutcome.DO_NOT_CALL and not can_log_attempt(request, now):
        raise ActionError("It’s outside 8:00 AM–9:00 PM their time, so no call can be logged.")


def can_log_attempt(request: CallbackRequest, now: dt.datetime) -> bool:
    """Return whether the lead may be called at `now`, or could be at the claim.

    The second case ends MAX_CALL_LENGTH after the claim, because a call may run past the end of calling hours.
    """
    claimed_at = request.claimed_at or now
    allowed_at_claim = now - claimed_at <= MAX_CALL_LENGTH and in_calling_hours(request, claimed_at)
    return allowed_at_claim or in_calling_hours(request, now)


@transaction.atomic
def close_callback(request: CallbackRequest, *, by: User, now: dt.datetime) -> None:
    """Close a claimed request without a call.

    Raises ActionError when `by` has not claimed the request.
    """
    _close(_lock_claimed(request, by), CallbackOutcome.NOT_NEEDED, by=by, now=now)


def _resolve(request: CallbackRequest, outcome: CallOutcome, *, by: User, now: dt.datetime) -> None:
    """Close the request after its last attempt."""
    if outcome == CallOutcome.DO_NOT_CALL:
        stop_calls_and_texts(request.lead, by=by, now=now)  # (and with them the request)
        return
    reason = CallbackOutcome.UNREACHABLE if outcome in RETRY_OUTCOMES else CallbackOutcome(outcome.value)
    _close(request, reason, by=by, now=now)
    asked = False
    if reason == CallbackOutcome.WRONG_NUMBER and request.phone_e164 == request.lead.phone_e164:
        note_texts_failure(request.lead, now=now)  # a text would reach a stranger
        asked = contact_details.note_wrong_number(request.lead, by=by, now=now)
        request.lead.refresh_from_db()
    if reason in (CallbackOutcome.UNREACHABLE, CallbackOutcome.WRONG_NUMBER) and not asked:
        undo_over = now if reason == CallbackOutcome.UNREACHABLE else now + STAFF_UNDO_WINDOW
        emails.callback_unreachable(request, now=now, send_at=undo_over)


def _check_next_attempt(request: CallbackRequest, moment: dt.datetime | None, now: dt.datetime) -> None:
    if moment is None or moment <= now:
        raise ActionError("Choose a future time for the next attempt.")
    if not in_calling_hours(request, moment):
        raise ActionError("Choose a time between 8:00 AM and 9:00 PM their time.")


def _locked(request: CallbackRequest) -> CallbackRequest:
    """Lock the lead and the request, and return the current request.

    Raises ActionError when the request is closed.
    """
    Lead.objects.select_for_update().get(pk=request.lead_id)
    locked = CallbackRequest.objects.select_for_update().get(pk=request.pk)
    if locked.closed_at:
        raise ActionError(f"This callback is closed: {locked.get_outcome_display()}.")
    return locked


def _lock_claimed(request: CallbackRequest, by: User) -> CallbackRequest:
    locked = _locked(request)
    if locked.claimed_by_id != by.pk:
        raise ActionError("Claim this callback first, so no one else calls at the same time.")
    return locked


def _set_claimant(request: CallbackRequest, to: User | None, now: dt.datetime) -> None:
    CallbackRequest.objects.filter(pk=request.pk).update(claimed_by=to, claimed_at=now if to else None)


def _close(request: CallbackRequest, outcome: CallbackOutcome, *, by: Actor, now: dt.datetime) -> None:
    CallbackRequest.objects.filter(pk=request.pk).update(closed_at=now, outcome=outcome)
    record_event(request.lead, AuditAction.CALLBACK_CLOSED, by=by, now=now, outcome=outcome.value)


def close_open_callback(*, lead: Lead, by: Actor, now: dt.datetime, **kwargs: Any) -> None:
    """Close the open request of a lead who revoked consent to calls. Receiver of `callbacks_revoked`."""
    _close_open(lead, CallbackOutcome.DO_NOT_CALL, by=by, now=now)


def end_open_callback(*, lead: Lead, by: Actor, now: dt.datetime, **kwargs: Any) -> None:
    """Close the open request of a lead that staff close or convert. Receiver of `open_work_ended`."""
    closed = lead.status == LeadStatus.CLOSED
    _close_open(lead, CallbackOutcome.LEAD_CLOSED if closed else CallbackOutcome.NOT_NEEDED, by=by, now=now)


def resume_callback(*, lead: Lead, by: Actor, now: dt.datetime, since: dt.datetime, **kwargs: Any) -> list[str]:
    """Reopen the request that was closed at `since`, if it may still be made. Receiver of `open_work_resumed`."""
    closed = lead.callbacks.filter(closed_at=since).select_related("lead").first()
    if closed is None:
        return []
    if lead.callbacks.filter(closed_at=None).exists():
        return ["They asked for another callback since; that one counts."]
    permitted = may_call_back(closed, now)
    if not permitted.allowed and permitted.remedy != Remedy.WAIT:
        return [f"The callback stays closed. {permitted.reason}"]
    if lead.callbacks.filter(pk=closed.pk).update(closed_at=None, outcome=""):
        record_event(lead, AuditAction.CALLBACK_REOPENED, by=by, now=now)
    return []


def _close_open(lead: Lead, outcome: CallbackOutcome, *, by: Actor, now: dt.datetime) -> None:
    if lead.callbacks.filter(closed_at=None).update(closed_at=now, outcome=outcome):
        record_event(lead, AuditAction.CALLBACK_CLOSED, by=by, now=now, outcome=outcome.value)
