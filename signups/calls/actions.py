"""Book, move, reassign, cancel and close onboarding calls.

Lock order: host rows by id, then the lead, then the call, so that concurrent changes cannot deadlock. Database
constraints (`NoOverlap`, one current call per lead) decide when two transactions race.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.calendars.models import CalendarConnection
from signups.hosts.models import Host, HostQuerySet
from signups.leads.choices import TERMINAL_STATUSES
from signups.leads.contact import record_contact, unmark_contacted
from signups.leads.models import Lead
from signups.leads.undo import STAFF_UNDO_WINDOW
from signups.offer import ClinicOffer, current_offer
from signups.scheduling import round_robin, slots
from signups.scheduling.slots import BookingError

from . import availability, clock_changes, earlier_times, emails
from .alerts import keep_wrong_number_alert
from .call_type_models import CallType
from .choices import CallStatus, ForceReason
from .emails import Placement
from .models import OnboardingCall

RESENDS_PER_HOUR = 3
LEAST_NOTICE = dt.timedelta(hours=1)  # before the start, the patient knows of a cancellation
LOAD_DAYS = 14  # days of past calls that count towards a host's load


class NoPhoneNumber(BookingError):
    """The call is made by phone, and the lead has no number."""

    code = "no_phone"


class KeyReused(BookingError):
    code = "key_reused"


class AlreadyBooked(BookingError):
    code = "already_booked"


class CallNotBooked(BookingError):
    code = "not_active"


class CallAlreadyStarted(BookingError):
    code = "too_late"


class CallNotStarted(BookingError):
    code = "too_early"


class UndoOver(BookingError):
    """The cancellation was sent to somebody, or something since speaks against the call."""

    code = "undo_over"


def available_slots_for(
    *,
    now: dt.datetime,
    begin: dt.datetime | None = None,
    end: dt.datetime | None = None,
    moving: OnboardingCall | None = None,
    call_type: CallType | None = None,
) -> list[slots.Slot]:
    """Return the slots in `[begin, end)` that `book_call` would accept at `now` for `call_type`.

    With `moving`, the slots that `reschedule_call` would accept for that call. Defaults to the booking horizon and the
    onboarding call.
    """
    clinic = current_offer()
    call_type = moving.call_type if moving else call_type or CallType.objects.onboarding()
    rules = call_type.rules(clinic)
    begin, end = begin or now, end or now + dt.timedelta(days=clinic.calls.horizon_days + 2)
    found = _candidates(call_type, moving)
    hosts = availability.load_host_schedules(found, clinic, begin=begin, end=end, without=moving, now=now)
    return slots.available_slots(hosts, rules, now=now, begin=begin, end=end)


@transaction.atomic
def book_call(
    *,
    lead: Lead,
    start: dt.datetime,
    by: Actor,
    now: dt.datetime,
    host: Host | None = None,
    key: uuid.UUID | None = None,
    reminders: bool = True,
    forced: ForceReason | None = None,
    call_type: CallType | None = None,
    answers: Mapping[str, str] | None = None,
) -> OnboardingCall:
    """Book a call at `start` with `host`, or with the least loaded free host of `call_type`, which sets the length.

    Idempotent for a repeated `key`. Raises, in this order: KeyReused, AlreadyBooked, SlotUnavailable, TooSoon,
    SlotTaken; CallNotBooked for a lead erased or merged, NoPhoneNumber for one without. `forced` lifts only working
    hours and minimum notice.
    """
    call_type = call_type or CallType.objects.onboarding()
    fingerprint = _fingerprint(lead, start, host, call_type)
    candidates = _candidates(call_type)
    hosts = list((candidates.filter(pk=host.pk) if host else candidates).locked())
    if found := _replay(key, fingerprint):
        return found
    lead = _locked_to_book(lead, now)
    rules = call_type.rules(clinic := current_offer())
    chosen = _pick_host(start, hosts, clinic, rules, now=now, forced=forced)
    facts = {"reminders": reminders, "call_type": call_type, "answers": dict(answers or {}), "created_at": now}
    call = _new_call(lead, clinic, idempotency_key=key, request_fingerprint=fingerprint, **facts)
    _set_time(call, chosen, start, rules)
    try:
        _store(call, now)
    except IntegrityError:
        if found := _replay(key, fingerprint):
            return found
        raise _conflict_error(call, now) from None
    _record(call, AuditAction.CALL_BOOKED, by=by, now=now, forced=forced)
    emails.announce_booking(call, now=now)
    return call


@transaction.atomic
def reschedule_call(
    *,
    call: OnboardingCall,
    start: dt.datetime,
    by: Actor,
    now: dt.datetime,
    host: Host | None = None,
    forced: ForceReason | None = None,
) -> OnboardingCall:
    """Move the call to `start` with `host`, by default keeping the host if possible. Idempotent.

    Raises CallNotBooked, CallAlreadyStarted (for the patient, once the call has begun), then as `book_call` does.
    """
    hosts = list(_candidates(call.call_type, call).locked())
    call = _locked(call)
    _require_booked(call, by=by, now=now)
    if start == call.starts_at and host in (None, call.host):
        return call
    if call.lead.calls.upcoming(now).exclude(pk=call.pk).exists():
        raise AlreadyBooked
    clinic, before = current_offer(), Placement.of(call)
    rules = call.call_type.rules(clinic)
    candidates = hosts if host is None else [each for each in hosts if each == host]
    chosen = _pick_host(start, candidates, clinic, rules, now=now, forced=forced, moving=call)
    _set_time(call, chosen, start, rules)
    _change(call, now, before)
    _record(call, AuditAction.CALL_MOVED, by=by, now=now, forced=forced)
    return call


def host_after_move(call: OnboardingCall, start: dt.datetime, *, now: dt.datetime, host: Host | None = None) -> Host:
    """Return whom `reschedule_call` would give the call at `start`. Raises as it does, but for a reason to force."""
    if start == call.starts_at and host in (None, call.host):
        return call.host
    candidates = [each for each in _candidates(call.call_type, call) if host in (None, each)]
    rules = call.call_type.rules(current_offer())
    return _pick_host(start, candidates, current_offer(), rules, now=now, forced=None, moving=call)


@transaction.atomic
def reassign_call(
    *, call: OnboardingCall, host: Host, by: Actor, now: dt.datetime, forced: ForceReason | None = None
) -> OnboardingCall:
    """Give the call to another free `host` at the same time. Idempotent.

    Raises as `reschedule_call` does.
    """
    list(Host.objects.filter(pk__in=[call.host_id, host.pk]).locked())
    call = _locked(call)
    _require_booked(call, by=by, now=now)
    if host.pk == call.host_id:
        return call
    clinic, before = current_offer(), Placement.of(call)
    rules = call.call_type.rules(clinic)
    hosts = list(_candidates(call.call_type).filter(pk=host.pk))
    chosen = _pick_host(call.starts_at, hosts, clinic, rules, now=now, forced=forced, moving=call)
    _set_time(call, chosen, call.starts_at, rules)
    _change(call, now, before)
    _record(call, AuditAction.CALL_REASSIGNED, by=by, now=now, forced=forced)
    return call


@transaction.atomic
def cancel_call(
    *, call: OnboardingCall, by: Actor, now: dt.datetime, notify_at: dt.datetime | None = None
) -> OnboardingCall:
    """Cancel the call and free its slot; patient and host are notified at `notify_at`, by default now. Idempotent.

    Raises CallNotBooked, CallAlreadyStarted.
    """
    call = _locked(call)
    if call.status == CallStatus.CANCELLED:
        return call
    _require_booked(call, by=by, now=now)
    call.status, call.sequence, call.changed_at = CallStatus.CANCELLED, call.sequence + 1, now
    call.save()
    _record(call, AuditAction.CALL_CANCELLED, by=by, now=now)
    emails.call_cancelled(call, now=now, send_at=notify_at or now)
    emails.host_call_cancelled(call, Placement.of(call), now=now, send_at=notify_at)
    earlier_times.follow_change(call, Placement.of(call), now, offer_at=notify_at or now)
    return call


def notice_time(call: OnboardingCall, now: dt.datetime) -> dt.datetime:
    """Return when patient and host are notified if staff cancel the call at `now`.

    When it can no longer be undone; at once if that would be too late for the patient.
    """
    over = now + STAFF_UNDO_WINDOW
    return over if over <= call.starts_at - LEAST_NOTICE else now


def undo_until(call: OnboardingCall, now: dt.datetime) -> dt.datetime | None:
    """Return until when the cancellation of the call can be undone; None when it cannot."""
    if call.status != CallStatus.CANCELLED or now - call.changed_at >= STAFF_UNDO_WINDOW:
        return None
    stopped = call.lead.do_not_call_at and call.lead.do_not_call_at > call.created_at
    if stopped or call.lead.status in TERMINAL_STATUSES:
        return None
    unsent = emails.unsent_cancellations(call.lead, now).filter(call=call)
    return unsent.values_list("send_at", flat=True).order_by("send_at").first()


@transaction.atomic
def undo_cancel_call(*, call: OnboardingCall, by: Actor, now: dt.datetime) -> OnboardingCall:
    """Book a canceled call again as it was, while nobody was notified. Idempotent.

    Raises UndoOver, AlreadyBooked, SlotTaken when the host has another call by now, and NoPhoneNumber when the lead
    has no number any more.
    """
    list(Host.objects.filter(pk=call.host_id).locked())
    call = _locked(call)
    if call.status == CallStatus.BOOKED:
        return call
    if undo_until(call, now) is None:
        raise UndoOver
    if call.lead.calls.upcoming(now).exists():
        raise AlreadyBooked
    if not call.lead.has_number_to_call:
        raise NoPhoneNumber
    if earlier_times.is_promised(call, now):
        raise slots.SlotTaken
    call.status, call.sequence = CallStatus.BOOKED, call.sequence - 1
    earlier_times.keep_slot(call, now)
    emails.withdraw_cancellation(call, now)
    try:
        _store(call, now)
    except IntegrityError:
        raise _conflict_error(call, now) from None
    _record(call, AuditAction.CALL_RESTORED, by=by, now=now)
    return call


@transaction.atomic
def resend_confirmation(*, call: OnboardingCall, now: dt.datetime) -> None:
    """Send the confirmation again, with the same invitation and a newer DTSTAMP.

    Does nothing above RESENDS_PER_HOUR. Raises CallNotBooked, and CallAlreadyStarted once the call has started.
    """
    call = _locked(call)
    _require_booked(call, by=ActorKind.PATIENT, now=now)
    sent = call.messages.filter(kind=emails.CALL_BOOKED.value, created_at__gt=now - dt.timedelta(hours=1))
    if sent.count() < RESENDS_PER_HOUR:
        emails.call_booked(call, now=now)


def complete_call(*, call: OnboardingCall, by: Actor, now: dt.datetime) -> OnboardingCall:
    """Mark the call as completed. Idempotent.

    Raises CallNotStarted before its start, CallNotBooked when the call was cancelled.
    """
    return _set_outcome(call, CallStatus.COMPLETED, AuditAction.CALL_COMPLETED, by=by, now=now)


def mark_no_show(*, call: OnboardingCall, by: Actor, now: dt.datetime) -> OnboardingCall:
    """Mark the call as a no-show; overwrites `complete_call`, and vice versa.

    Idempotent. Raises as `complete_call` does.
    """
    return _set_outcome(call, CallStatus.NO_SHOW, AuditAction.CALL_MISSED, by=by, now=now)


@transaction.atomic
def _set_outcome(
    call: OnboardingCall, status: CallStatus, action: AuditAction, *, by: Actor, now: dt.datetime
) -> OnboardingCall:
    call = _locked(call)
    if call.status == CallStatus.CANCELLED:
        raise CallNotBooked
    if now < call.starts_at:
        raise CallNotStarted
    if call.status != status:
        if call.status == CallStatus.COMPLETED:
            unmark_contacted(call.lead, since=call.changed_at, by=by, now=now)
        call.status, call.changed_at = status, now
        call.save()
        reached = status == CallStatus.COMPLETED
        record_contact(call.lead, action, by=by, now=now, reached=reached, at=call.starts_at, **_detail(call))
    return call


def _fingerprint(lead: Lead, start: dt.datetime, host: Host | None, call_type: CallType) -> str:
    """Return what a form asked for: the same key with another fingerprint is another request."""
    kind = "" if call_type.is_onboarding else f" {call_type.pk}"
    return f"{lead.pk} {start.isoformat()} {host.pk if host else 'any'}{kind}"


def _locked_to_book(lead: Lead, now: dt.datetime) -> Lead:
    """Lock and return the lead. Raises CallNotBooked, AlreadyBooked or NoPhoneNumber when no call can be booked."""
    current = Lead.objects.live().select_for_update().filter(pk=lead.pk).first()
    if current is None:
        raise CallNotBooked  # erased or merged since the request began
    if current.calls.upcoming(now).exists():
        raise AlreadyBooked
    if not current.has_number_to_call:
        raise NoPhoneNumber
    return current


def _new_call(lead: Lead, clinic: ClinicOffer, **facts: Any) -> OnboardingCall:
    """Return an unsaved call with the identity that all its invitations keep."""
    public_id, domain = uuid.uuid4(), clinic.mailbox.rpartition("@")[2]
    return OnboardingCall(
        public_id=public_id, lead=lead, uid=f"{public_id}@{domain}", organizer=clinic.mailbox, **facts
    )


def _candidates(call_type: CallType, moving: OnboardingCall | None = None) -> HostQuerySet:
    """Return the active hosts of `call_type`, and the current host of the call being moved."""
    hosts = call_type.all_hosts().active()
    return hosts if moving is None else hosts | Host.objects.filter(pk=moving.host_id)


def _locked(call: OnboardingCall) -> OnboardingCall:
    """Lock the lead, then the call, and return the call. Raises CallNotBooked when the lead was merged meanwhile.

    Without a join: on PostgreSQL a locking query finds no row when the joined row changed during the wait.
    """
    lead_id = OnboardingCall.objects.values_list("lead_id", flat=True).get(pk=call.pk)
    list(Lead.objects.select_for_update().filter(pk=lead_id))
    locked = OnboardingCall.objects.select_for_update().get(pk=call.pk)
    if locked.lead_id != lead_id:
        raise CallNotBooked
    return locked


def _require_booked(call: OnboardingCall, *, by: Actor, now: dt.datetime) -> None:
    if call.status != CallStatus.BOOKED:
        raise CallNotBooked
    if by == ActorKind.PATIENT and call.starts_at <= now:
        raise CallAlreadyStarted


def _replay(key: uuid.UUID | None, fingerprint: str) -> OnboardingCall | None:
    """Return the call that the same form submission booked before.

    Raises KeyReused when the key was used for a different request.
    """
    call = OnboardingCall.objects.filter(idempotency_key=key).first() if key else None
    if call and call.request_fingerprint != fingerprint:
        raise KeyReused
    return call


def _pick_host(
    start: dt.datetime,
    hosts: Sequence[Host],
    clinic: ClinicOffer,
    rules: slots.CallRules,
    *,
    now: dt.datetime,
    forced: ForceReason | None,
    moving: OnboardingCall | None = None,
) -> Host:
    """Return a locked, free host: the call's own, else the least loaded.

    Never one who left the clinic, and one who stopped taking calls only when nobody else is free. Raises as
    `slots.available_hosts` does.
    """
    if moving and not moving.host.user.is_active:
        hosts = [host for host in hosts if host.pk != moving.host_id]
    by_id = {host.pk: host for host in hosts}
    planned = availability.load_host_schedules(
        hosts, clinic, begin=start, end=start + rules.length, without=moving, now=now
    )
    free = [by_id[int(id_)] for id_ in slots.available_hosts(start, planned, rules, now=now, force=bool(forced))]
    free = [one for one in free if one.active] or free
    if moving and moving.host_id in by_id and by_id[moving.host_id] in free:
        return by_id[moving.host_id]
    load = _load(free, now)
    pool = [round_robin.Candidate(one.pk, load[one.pk], one.weight, one.last_assigned_at) for one in free]
    return by_id[int(round_robin.least_loaded(pool))]


def _load(hosts: Iterable[Host], now: dt.datetime) -> Counter[int]:
    since = now - dt.timedelta(days=LOAD_DAYS)
    calls = OnboardingCall.objects.standing().filter(host__in=hosts, starts_at__gte=since)
    return Counter(calls.values_list("host_id", flat=True))


def _set_time(call: OnboardingCall, host: Host, start: dt.datetime, rules: slots.CallRules) -> None:
    call.host, call.starts_at, call.ends_at = host, start, start + rules.length
    call.blocked_from, call.blocked_to = rules.protected(start)
    clock_changes.note_offsets(call)


def _store(call: OnboardingCall, now: dt.datetime) -> None:
    """Save the call in a savepoint and update the host's `last_assigned_at`.

    Raises IntegrityError when a constraint is violated.
    """
    call.is_current, call.changed_at = True, now
    with transaction.atomic():
        started = call.lead.calls.booked().filter(is_current=True, starts_at__lte=now).exclude(pk=call.pk)
        started.update(is_current=False)
        call.save()
    Host.objects.filter(pk=call.host_id).update(last_assigned_at=now)


def _conflict_error(call: OnboardingCall, now: dt.datetime) -> BookingError:
    """Return the error of the violated constraint: the lead's, or the host's."""
    other = call.lead.calls.upcoming(now).exclude(pk=call.pk).exists()
    return AlreadyBooked() if other else slots.SlotTaken()


def _change(call: OnboardingCall, now: dt.datetime, before: Placement) -> None:
    """Save a new time or host, and notify the patient and the hosts concerned."""
    call.sequence += 1
    call.answer = ""
    keep_wrong_number_alert(call)
    try:
        _store(call, now)
    except IntegrityError:
        raise _conflict_error(call, now) from None
    emails.call_changed(call, now=now)
    if before.host != call.host:
        emails.host_call_cancelled(call, before, now=now)
    emails.host_call(call, now=now)
    emails.call_reminders(call, now=now)
    earlier_times.follow_change(call, before, now, offer_at=now)


def _record(
    call: OnboardingCall, action: AuditAction, *, by: Actor, now: dt.datetime, forced: ForceReason | None = None
) -> None:
    detail = _detail(call)
    if forced:
        detail["forced"] = forced
    record_event(call.lead, action, by=by, now=now, **detail)
    CalendarConnection.objects.filter(host=call.host_id).update(next_check_at=now)  # written there within seconds


def _detail(call: OnboardingCall) -> dict[str, Any]:
    """Return the facts of the call for an audit event."""
    return {"call": str(call.public_id), "start": call.starts_at.isoformat(), "host": call.host_id}
