"""What must hold for any hosts, hours and calls: pure, and on the real database."""

import datetime as dt
import itertools
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from signups.audit.choices import ActorKind
from signups.calls.actions import available_slots_for, book_call, reschedule_call
from signups.calls.models import OnboardingCall
from signups.scheduling import business_hours, slots
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory, TimeOffFactory
from tests.factories.leads import LeadFactory

ZONES = ("America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "UTC")
NOW = dt.datetime(2027, 3, 12, 15, 7, tzinfo=dt.UTC)  # two days before New York's clocks change
BEGIN, END = NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=5)


def minutes(number):
    return dt.timedelta(minutes=number)


moments = st.integers(0, 6 * 288).map(lambda steps: BEGIN + minutes(5 * steps))
spans = st.builds(lambda start, length: (start, start + minutes(length)), moments, st.integers(5, 600))
quarters = st.integers(0, 95).map(lambda quarter: quarter * 15)
weeks = st.lists(st.tuples(st.integers(0, 6), quarters, quarters).filter(lambda rule: rule[1] != rule[2]), max_size=8)
rules_of_calls = st.builds(
    slots.CallRules,
    length=st.sampled_from([15, 30, 60]).map(minutes),
    step=st.sampled_from([15, 20, 30, 50]).map(minutes),
    before=st.sampled_from([0, 10]).map(minutes),
    after=st.sampled_from([0, 15]).map(minutes),
    notice=st.sampled_from([0, 60, 1440]).map(minutes),
    horizon_days=st.integers(0, 6),
)
bookings = spans.map(lambda span: slots.Booking(span[0], span))


def host(number):
    return st.builds(
        slots.HostSchedule,
        id=st.just(number),
        hours=st.builds(
            business_hours.BusinessHours, st.sampled_from(ZONES).map(ZoneInfo), weeks.map(business_hours.by_weekday)
        ),
        bookings=st.lists(bookings, max_size=4),
        time_off=st.lists(spans, max_size=2),
        busy=st.lists(spans, max_size=2),
        daily_limit=st.none() | st.integers(0, 3),
    )


hosts = st.tuples(host(1), host(2), host(3))


people = st.tuples(st.sampled_from(ZONES), weeks, st.lists(spans, max_size=1))


def offered(some, rules):
    return slots.available_slots(some, rules, now=NOW, begin=BEGIN, end=END)


@given(hosts, rules_of_calls, st.lists(moments, max_size=5))
def test_what_is_offered_and_only_that_is_granted(some, rules, others):
    listed = {slot.start: list(slot.host_ids) for slot in offered(some, rules)}
    for start in [*listed, *others]:
        try:
            granted = slots.available_hosts(start, some, rules, now=NOW)
        except slots.BookingError:
            granted = None
        assert granted == listed.get(start)


@given(hosts, rules_of_calls)
def test_the_offer_is_the_union_over_hosts(some, rules):
    united = {}
    for one in some:
        for slot in offered([one], rules):
            united.setdefault(slot.start, []).append(one.id)
    assert [tuple(slot) for slot in offered(some, rules)] == [(start, tuple(united[start])) for start in sorted(united)]


@given(hosts, rules_of_calls, st.data())
def test_what_is_booked_is_never_offered(some, rules, data):
    listed = offered(some, rules)
    assume(listed)
    slot = data.draw(st.sampled_from(listed))
    taken = rules.protected(slot.start)
    first = next(one for one in some if one.id == slot.host_ids[0])
    after = slots.HostSchedule(**{**vars(first), "bookings": [*first.bookings, slots.Booking(slot.start, taken)]})
    for left in offered([after], rules):
        begin, end = rules.protected(left.start)
        assert end <= taken[0] or taken[1] <= begin


@given(hosts, rules_of_calls, st.sampled_from(ZONES))
def test_another_zone_moves_no_instant(some, rules, zone):
    starts = [slot.start for slot in offered(some, rules)]
    days = slots.by_day(starts, ZoneInfo(zone))
    assert [time for times in days.values() for time in times] == starts
    assert all(time.date() == date for date, times in days.items() for time in times)


@pytest.mark.django_db
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(ZONES), weeks, st.lists(spans, max_size=1)), min_size=1, max_size=3), st.data()
)
def test_the_database_agrees(clinic, team, data):
    """Booking and moving among what is offered always succeeds; what is not offered never does."""
    with transaction.atomic():
        clinic.call_notice_minutes, clinic.call_minutes_after = 60, 15
        clinic.save()
        for zone, week, off in team:
            made = HostFactory(time_zone=zone)
            for weekday, start, end in week:
                AvailabilityRuleFactory(host=made, weekday=weekday, start=start, end=end)
            for start, end in off:
                TimeOffFactory(host=made, starts_at=start, ends_at=end)
        for _ in range(3):
            listed = available_slots_for(now=NOW, begin=BEGIN, end=END)
            if not listed:
                break
            slot = data.draw(st.sampled_from(listed))
            call = book_call(lead=LeadFactory(), start=slot.start, by=ActorKind.PATIENT, now=NOW, key=uuid.uuid4())
            assert call.host_id in slot.host_ids
            left = {other.start: other.host_ids for other in available_slots_for(now=NOW, begin=BEGIN, end=END)}
            assert call.host_id not in left.get(call.starts_at, ())
            moves = available_slots_for(now=NOW, begin=BEGIN, end=END, moving=call)
            to = data.draw(st.sampled_from(moves))
            reschedule_call(call=call, start=to.start, by=ActorKind.PATIENT, now=NOW)
            with pytest.raises(slots.BookingError):
                book_call(lead=LeadFactory(), start=to.start + minutes(7), by=ActorKind.PATIENT, now=NOW)
        held = OnboardingCall.objects.booked().order_by("host", "blocked_from")
        times = [(call.host_id, call.blocked_from, call.blocked_to) for call in held]
        assert all(one[0] != other[0] or one[2] <= other[1] for one, other in itertools.pairwise(times))
        transaction.set_rollback(True)
