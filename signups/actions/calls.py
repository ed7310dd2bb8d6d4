"""Booking the free call, and all that becomes of it.

Who changes whose time takes locks in one order, hosts by id and then the call, so that nobody waits in a circle. The
database's own constraints have the last word.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from signups import diaries, terms
from signups.calls import emails
from signups.models import Host, Lead, OnboardingCall
from signups.models.hosts import HostQuerySet
from signups.scheduling import assignment, slots
from signups.scheduling.slots import Refused
from signups.states import ActorKind, CallStatus, ForceReason, Verb

from . import events

MESSAGES_PER_HOUR = 3
LOAD_DAYS = 14  # how far back a host's calls count against the next


class KeyReused(Refused):
    code = "key_reused"


class AlreadyBooked(Refused):
    code = "already_booked"


class NotActive(Refused):
    code = "not_active"


class TooLate(Refused):
    code = "too_late"


class TooEarly(Refused):
    code = "too_early"


def offered(
    *,
    now: dt.datetime,
    begin: dt.datetime | None = None,
    end: dt.datetime | None = None,
    moving: OnboardingCall | None = None,
) -> list[slots.Slot]:
    """The starts in `[begin, end)` that `book`, or `reschedule` of `moving`, would take now; unbounded: all of them."""
    clinic = terms.current()
    begin, end = begin or now, end or now + dt.timedelta(days=clinic.calls.horizon_days + 2)
    hosts = diaries.of(_candidates(moving), clinic, begin=begin, end=end, without=moving)
    return slots.offered(hosts, clinic.calls, now=now, begin=begin, end=end)


@transaction.atomic
def book(
    *,
    lead: Lead,
    start: dt.datetime,
    by: events.Actor,
    now: dt.datetime,
    host: Host | None = None,
    key: uuid.UUID | None = None,
    forced: ForceReason | None = None,
) -> OnboardingCall:
    """A call at `start` with `host`, or with the free one whose turn it is. How long it is, the clinic says.

    The same `key` again returns the same call. Raises, in this order: KeyReused, AlreadyBooked, SlotUnavailable,
    TooSoon, SlotTaken. Staff may lift the hours and the notice by a reason (`forced`), and nothing else.
    """
    asked = f"{lead.pk} {start.isoformat()} {host.pk if host else 'any'}"
    hosts = list((Host.objects.active().filter(pk=host.pk) if host else Host.objects.active()).locked())
    if found := _replay(key, asked):
        return found
    if Lead.objects.live().select_for_update().filter(pk=lead.pk).first() is None:
        raise NotActive  # erased or merged this very moment
    if lead.calls.upcoming(now).exists():
        raise AlreadyBooked
    clinic = terms.current()
    chosen = _choose(start, hosts, clinic, now=now, forced=forced)
    public_id, domain = uuid.uuid4(), clinic.mailbox.rpartition("@")[2]
    facts = {"key": key, "asked": asked, "created_at": now}
    call = OnboardingCall(public_id=public_id, lead=lead, uid=f"{public_id}@{domain}", **facts)
    _set_time(call, chosen, start, clinic.calls)
    try:
        _store(call, now)
    except IntegrityError:
        if found := _replay(key, asked):
            return found
        raise _lost(call, now) from None
    _note(call, Verb.CALL_BOOKED, by=by, now=now, forced=forced)
    emails.call_booked(call, now=now)
    emails.host_call(call, now=now)
    emails.call_reminders(call, now=now)
    return call


@transaction.atomic
def reschedule(
    *,
    call: OnboardingCall,
    start: dt.datetime,
    by: events.Actor,
    now: dt.datetime,
    forced: ForceReason | None = None,
) -> OnboardingCall:
    """The same call at `start`, with the same host where that can be. To its own time it is nothing at all.

    Raises NotActive, TooLate (for a patient, once it has begun), then as `book` does.
    """
    hosts = list(_candidates(call).locked())
    call = _locked(call)
    _must_stand(call, by=by, now=now)
    if start == call.starts_at:
        return call
    if call.lead.calls.upcoming(now).exclude(pk=call.pk).exists():
        raise AlreadyBooked
    clinic, before = terms.current(), call.host
    chosen = _choose(start, hosts, clinic, now=now, forced=forced, moving=call)
    _set_time(call, chosen, start, clinic.calls)
    _change(call, now, before)
    _note(call, Verb.CALL_MOVED, by=by, now=now, forced=forced)
    return call


@transaction.atomic
def reassign(
    *, call: OnboardingCall, host: Host, by: events.Actor, now: dt.datetime, forced: ForceReason | None = None
) -> OnboardingCall:
    """The same call at the same time with another `host`, who must be free. Raises as `reschedule` does."""
    list(Host.objects.filter(pk__in=[call.host_id, host.pk]).locked())
    call = _locked(call)
    _must_stand(call, by=by, now=now)
    if host.pk == call.host_id:
        return call
    clinic, before = terms.current(), call.host
    able = list(Host.objects.active().filter(pk=host.pk))
    chosen = _choose(call.starts_at, able, clinic, now=now, forced=forced, moving=call)
    _set_time(call, chosen, call.starts_at, clinic.calls)
    _change(call, now, before)
    _note(call, Verb.CALL_REASSIGNED, by=by, now=now, forced=forced)
    return call


@transaction.atomic
def cancel(*, call: OnboardingCall, by: events.Actor, now: dt.datetime) -> OnboardingCall:
    """The call is off, and its time is free at once. Again, it changes nothing. Raises NotActive, TooLate."""
    call = _locked(call)
    if call.status == CallStatus.CANCELLED:
        return call
    _must_stand(call, by=by, now=now)
    call.status, call.sequence, call.changed_at = CallStatus.CANCELLED, call.sequence + 1, now
    call.save()
    _note(call, Verb.CALL_CANCELLED, by=by, now=now)
    emails.call_cancelled(call, now=now)
    emails.host_call_cancelled(call, call.host, now=now)
    return call


@transaction.atomic
def send_again(*, call: OnboardingCall, now: dt.datetime) -> None:
    """The confirmation once more, unchanged but for its stamp. Not without end: enough is enough for an hour.

    Raises NotActive, and TooLate once the call has begun.
    """
    call = _locked(call)
    _must_stand(call, by=ActorKind.PATIENT, now=now)
    sent = call.messages.filter(kind=emails.CALL_BOOKED.value, created_at__gt=now - dt.timedelta(hours=1))
    if sent.count() < MESSAGES_PER_HOUR:
        emails.call_booked(call, now=now)


def complete(*, call: OnboardingCall, by: events.Actor, now: dt.datetime) -> OnboardingCall:
    """It took place. Raises TooEarly before its start, NotActive when it was cancelled."""
    return _conclude(call, CallStatus.COMPLETED, Verb.CALL_COMPLETED, by=by, now=now)


def no_show(*, call: OnboardingCall, by: events.Actor, now: dt.datetime) -> OnboardingCall:
    """The patient did not come. Raises as `complete` does; each mends the other when it was pressed by mistake."""
    return _conclude(call, CallStatus.NO_SHOW, Verb.CALL_MISSED, by=by, now=now)


@transaction.atomic
def _conclude(
    call: OnboardingCall, status: CallStatus, verb: Verb, *, by: events.Actor, now: dt.datetime
) -> OnboardingCall:
    call = _locked(call)
    if call.status == CallStatus.CANCELLED:
        raise NotActive
    if now < call.starts_at:
        raise TooEarly
    if call.status != status:
        call.status, call.changed_at = status, now
        call.save()
        _note(call, verb, by=by, now=now)
    return call


def _candidates(moving: OnboardingCall | None = None) -> HostQuerySet:
    """Who may take a call: the active ones, and who has the one that is being moved."""
    return Host.objects.active() if moving is None else Host.objects.active() | Host.objects.filter(pk=moving.host_id)


def _locked(call: OnboardingCall) -> OnboardingCall:
    """Alone, without its host: PostgreSQL finds no row when a joined one changed while it waited for the lock."""
    return OnboardingCall.objects.select_for_update().get(pk=call.pk)


def _must_stand(call: OnboardingCall, *, by: events.Actor, now: dt.datetime) -> None:
    if call.status != CallStatus.BOOKED:
        raise NotActive
    if by == ActorKind.PATIENT and call.starts_at <= now:
        raise TooLate


def _replay(key: uuid.UUID | None, asked: str) -> OnboardingCall | None:
    """The call that this very form booked before. Raises KeyReused when the form asks for something else now."""
    call = OnboardingCall.objects.filter(key=key).first() if key else None
    if call and call.asked != asked:
        raise KeyReused
    return call


def _choose(
    start: dt.datetime,
    hosts: Sequence[Host],
    clinic: terms.Terms,
    *,
    now: dt.datetime,
    forced: ForceReason | None,
    moving: OnboardingCall | None = None,
) -> Host:
    """One of the locked `hosts` who is free at `start`: the one who has the call already, or whose turn it is."""
    by_id = {host.pk: host for host in hosts}
    planned = diaries.of(hosts, clinic, begin=start, end=start + clinic.calls.length, without=moving)
    free = [by_id[int(id_)] for id_ in slots.hosts_for(start, planned, clinic.calls, now=now, force=bool(forced))]
    if moving and moving.host_id in by_id and by_id[moving.host_id] in free:
        return by_id[moving.host_id]
    load = _load(free, now)
    pool = [assignment.Candidate(one.pk, load[one.pk], one.weight, one.last_assigned_at) for one in free]
    return by_id[int(assignment.choose(pool))]


def _load(hosts: Iterable[Host], now: dt.datetime) -> Counter[int]:
    since = now - dt.timedelta(days=LOAD_DAYS)
    calls = OnboardingCall.objects.standing().filter(host__in=hosts, starts_at__gte=since)
    return Counter(calls.values_list("host_id", flat=True))


def _set_time(call: OnboardingCall, host: Host, start: dt.datetime, rules: slots.CallRules) -> None:
    call.host, call.starts_at, call.ends_at = host, start, start + rules.length
    call.blocked_from, call.blocked_to = rules.protected(start)


def _store(call: OnboardingCall, now: dt.datetime) -> None:
    """Writes it in a savepoint, and that its host was given a call. Raises IntegrityError when the database objects."""
    call.is_next, call.changed_at = True, now
    with transaction.atomic():
        begun = call.lead.calls.booked().filter(is_next=True, starts_at__lte=now).exclude(pk=call.pk)
        begun.update(is_next=False)
        call.save()
    Host.objects.filter(pk=call.host_id).update(last_assigned_at=now)


def _lost(call: OnboardingCall, now: dt.datetime) -> Refused:
    """Why the database did not take `call`: the lead has another, or the host."""
    other = call.lead.calls.upcoming(now).exclude(pk=call.pk).exists()
    return AlreadyBooked() if other else slots.SlotTaken()


def _change(call: OnboardingCall, now: dt.datetime, before: Host) -> None:
    """Writes another time or host, and tells everybody whom it concerns."""
    call.sequence += 1
    try:
        _store(call, now)
    except IntegrityError:
        raise _lost(call, now) from None
    emails.call_changed(call, now=now)
    if before != call.host:
        emails.host_call_cancelled(call, before, now=now)
    emails.host_call(call, now=now)
    emails.call_reminders(call, now=now)


def _note(
    call: OnboardingCall, verb: Verb, *, by: events.Actor, now: dt.datetime, forced: ForceReason | None = None
) -> None:
    detail: dict[str, Any] = {"call": str(call.public_id), "start": call.starts_at.isoformat(), "host": call.host_id}
    if forced:
        detail["forced"] = forced
    events.record(call.lead, verb, by=by, now=now, **detail)
