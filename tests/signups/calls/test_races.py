"""Many at once, on real connections: one wins, nobody waits in a circle, nobody sees an error page."""

import datetime as dt
import json
import subprocess
import sys
from collections import Counter

import pytest

from signups.audit.choices import ActorKind
from signups.calls.actions import book_call, cancel_call, reassign_call, reschedule_call, resend_confirmation
from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from signups.messages.models import OutboxMessage
from signups.scheduling import slots
from tests import processes
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.services import WAIT_TIMEOUT

from .scenario_player import together

pytestmark = pytest.mark.django_db(transaction=True)
NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)  # a Friday
MONDAY = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)  # nine in New York
ROUNDS, RACERS = 50, 12


def minutes(number):
    return dt.timedelta(minutes=number)


@pytest.fixture
def host(clinic):
    """All day, every day."""
    clinic.call_step_minutes = 15
    clinic.save()
    host = HostFactory()
    for weekday in range(7):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
    return host


def outcome(deed):
    try:
        deed()
    except slots.BookingError as refused:
        return refused.code
    return "ok"


def booking(lead, start, **facts):
    return lambda: outcome(lambda: book_call(lead=lead, start=start, by=ActorKind.PATIENT, now=NOW, **facts))


def test_one_of_twelve_wins_every_time(host):
    """Half of them a quarter of an hour later, which no unique key on the start would keep apart."""
    leads = LeadFactory.create_batch(RACERS)
    for turn in range(ROUNDS):
        start = MONDAY + turn * minutes(30)
        deeds = [booking(lead, start + minutes(15 * (number % 2))) for number, lead in enumerate(leads)]
        assert Counter(together(*deeds)) == {"ok": 1, "slot_taken": RACERS - 1}
        OnboardingCall.objects.update(status=CallStatus.CANCELLED)
        OutboxMessage.objects.all().delete()


def test_one_of_twelve_wins_without_the_lock_on_the_host(host, monkeypatch):
    """The database alone keeps them apart, should somebody forget the lock."""
    monkeypatch.setattr("signups.hosts.models.HostQuerySet.locked", lambda self: self)
    monkeypatch.setattr("signups.scheduling.slots._OpenTimes.free", lambda self, starts: starts)
    leads = LeadFactory.create_batch(RACERS)
    results = Counter(together(*(booking(lead, MONDAY) for lead in leads)))
    assert results["ok"] == 1
    assert OnboardingCall.objects.booked().count() == 1


def test_any_host_serves_as_many_as_there_are(host):
    for weekday_host in (HostFactory(), HostFactory()):
        AvailabilityRuleFactory(host=weekday_host, weekday=0, start=9 * 60, end=10 * 60)
    leads = LeadFactory.create_batch(RACERS)
    results = together(*(booking(lead, MONDAY) for lead in leads))
    assert Counter(results) == {"ok": 3, "slot_taken": RACERS - 3}
    assert OnboardingCall.objects.values("host").distinct().count() == 3


def test_one_person_at_many_doors_has_one_call(host):
    lead = LeadFactory()
    results = together(*(booking(lead, MONDAY + number * minutes(60)) for number in range(RACERS)))
    assert Counter(results) == {"ok": 1, "already_booked": RACERS - 1}


def test_two_who_swap_their_times_are_both_refused(host):
    for turn in range(10):
        pair = [
            book_call(lead=LeadFactory(), start=MONDAY + minutes(shift), by=ActorKind.PATIENT, now=NOW)
            for shift in (turn * 60, turn * 60 + 30)
        ]
        moves = [
            lambda call=call, start=other.starts_at: outcome(
                lambda: reschedule_call(call=call, start=start, by=ActorKind.PATIENT, now=NOW)
            )
            for call, other in (pair, pair[::-1])
        ]
        assert together(*moves) == ["slot_taken", "slot_taken"]


def test_two_hosts_who_swap_calls_are_both_refused(host):
    """Each takes the locks of both hosts; in id order, so that neither waits for the other for ever."""
    other = HostFactory()
    AvailabilityRuleFactory(host=other, weekday=0, start=0, end=1440)
    pair = [
        book_call(lead=LeadFactory(), start=MONDAY, host=one, by=ActorKind.PATIENT, now=NOW) for one in (host, other)
    ]
    swaps = [
        lambda call=call, to=to: outcome(lambda: reassign_call(call=call, host=to, by=ActorKind.SYSTEM, now=NOW))
        for call, to in zip(pair, (other, host), strict=True)
    ]
    assert together(*swaps) == ["slot_taken", "slot_taken"]


def test_everything_at_once_leaves_one_consistent_call(host):
    """Cancel, move, give away and send again race; the messages tell the last state, and nothing is stuck."""
    other = HostFactory()
    for weekday in range(7):
        AvailabilityRuleFactory(host=other, weekday=weekday, start=0, end=1440)
    for turn in range(10):
        start = MONDAY + minutes(30 * turn)
        call = book_call(lead=LeadFactory(), start=start, host=host, by=ActorKind.PATIENT, now=NOW)
        results = together(*everything(call, other, start + minutes(720)))
        assert results[0] == "ok"
        assert set(results[1:]) <= {"ok", "not_active"}
        call.refresh_from_db()
        assert call.status == CallStatus.CANCELLED
        told = OutboxMessage.objects.get(call=call, kind="call_cancelled")
        assert told.call_sequence == call.sequence


def everything(call, other, later):
    facts = {"call": call, "by": ActorKind.PATIENT, "now": NOW}
    return [
        lambda: outcome(lambda: cancel_call(**facts)),
        lambda: outcome(lambda: reschedule_call(start=later, **facts)),
        lambda: outcome(lambda: reassign_call(host=other, **facts)),
        lambda: outcome(lambda: resend_confirmation(call=call, now=NOW)),
    ]


RACER = """
import datetime, json, sys
import django
django.setup()
from signups.audit.choices import ActorKind
from signups.calls.actions import book_call
from signups.leads.models import Lead
from signups.scheduling.slots import BookingError
lead, starts = Lead.objects.get(pk=sys.argv[1]), json.loads(sys.argv[2])
now = datetime.datetime.fromisoformat(sys.argv[3])
print("ready", flush=True)
for start in starts:
    sys.stdin.readline()
    try:
        book_call(lead=lead, start=datetime.datetime.fromisoformat(start), by=ActorKind.PATIENT, now=now)
        print("ok", flush=True)
    except BookingError as refused:
        print(refused.code, flush=True)
"""


def test_one_of_four_processes_wins_every_time(host):
    """What holds between threads holds between machines: each racer is a process of its own."""
    starts = [(MONDAY + turn * minutes(60)).isoformat() for turn in range(10)]
    racers = [racer(LeadFactory(), starts) for _ in range(4)]
    try:
        assert [one.stdout.readline() for one in racers] == ["ready\n"] * 4
        for _ in starts:
            for one in racers:
                one.stdin.write("go\n")
                one.stdin.flush()
            results = Counter(one.stdout.readline().strip() for one in racers)
            assert results == {"ok": 1, "slot_taken": 3}
            OnboardingCall.objects.update(status=CallStatus.CANCELLED)
    finally:
        for one in racers:
            one.stdin.close()
            one.wait(WAIT_TIMEOUT)


def racer(lead, starts):
    return subprocess.Popen(
        [sys.executable, "-c", RACER, str(lead.pk), json.dumps(starts), NOW.isoformat()],
        cwd=processes.ROOT,
        env=processes.clean_environment(
            DATABASE_URL=processes.database_url(), DJANGO_SETTINGS_MODULE="clinic.settings"
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
