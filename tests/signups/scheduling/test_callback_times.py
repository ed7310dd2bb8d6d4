"""Whom we may call when, over zones, nights and clock changes."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.lib import contact_hours
from signups.leads.choices import PartOfDay
from signups.scheduling import callback_times
from signups.scheduling.business_hours import BusinessHours, add_business_minutes

NEW_YORK, HONOLULU, TOKYO = "America/New_York", "Pacific/Honolulu", "Asia/Tokyo"
CLINIC = BusinessHours(ZoneInfo(NEW_YORK), {day: [(9 * 60, 17 * 60)] for day in range(5)})
LATE = BusinessHours(ZoneInfo(NEW_YORK), {day: [(9 * 60, 20 * 60)] for day in range(7)})
HOUR = dt.timedelta(hours=1)


def at(wall, zone=NEW_YORK):
    return dt.datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("wall", "allowed"),
    [
        ("2026-11-23 07:59:59", False),
        ("2026-11-23 08:00", True),
        ("2026-11-23 20:59:59", True),
        ("2026-11-23 21:00", False),
        ("2026-11-23 00:30", False),
    ],
)
@pytest.mark.parametrize("zone", [NEW_YORK, HONOLULU, TOKYO])
def test_calls_are_between_eight_and_nine_on_the_persons_clock(wall, allowed, zone):
    assert contact_hours.CALLING_HOURS.contains(at(wall, zone), zone) is allowed


@pytest.mark.parametrize(
    ("instant", "before", "after"),
    [("2026-03-08T12:30:00+00:00", "2026-03-07", False), ("2026-11-01T12:30:00+00:00", "2026-10-31", True)],
)
def test_clock_change_moves_the_hours_with_the_clock(instant, before, after):
    """12:30 UTC is 7:30 in New York in winter and 8:30 in summer."""
    moment = dt.datetime.fromisoformat(instant)
    assert contact_hours.CALLING_HOURS.contains(moment, NEW_YORK) is not after
    assert contact_hours.CALLING_HOURS.contains(moment - 24 * HOUR, NEW_YORK) is after


def test_promise_is_business_time_where_it_can_be_kept():
    asked = at("2026-11-20 15:30")  # a Friday
    assert (
        callback_times.promised_by(asked, 240, CLINIC, NEW_YORK)
        == at("2026-11-23 11:30")
        == add_business_minutes(asked, 240, CLINIC)
    )


def test_promise_waits_until_it_is_day_for_the_person():
    """Four business hours after closing are over at 8 a.m. in Honolulu: an hour in which to call them is added."""
    asked = at("2026-11-23 17:00")
    assert add_business_minutes(asked, 240, CLINIC) == at("2026-11-24 08:00", HONOLULU)
    assert callback_times.promised_by(asked, 240, CLINIC, HONOLULU) == at("2026-11-24 09:00", HONOLULU)


def test_no_promise_where_our_day_is_their_night():
    assert callback_times.promised_by(at("2026-11-23 12:00"), 240, CLINIC, TOKYO) is None


def test_next_try_is_in_another_part_of_the_day():
    morning, noon, next_morning = at("2026-11-23 10:10"), at("2026-11-23 12:30"), at("2026-11-24 09:00")
    assert callback_times.suggest_retry([morning], CLINIC, NEW_YORK) == noon
    assert (
        callback_times.suggest_retry([morning, noon], CLINIC, NEW_YORK) == next_morning
    )  # the clinic has no evening hours
    assert callback_times.suggest_retry([morning, noon], LATE, NEW_YORK) == at("2026-11-23 17:00")


def test_next_try_is_at_the_best_time_unless_that_was_just_tried():
    morning, evening = at("2026-11-23 10:00"), at("2026-11-23 17:00")
    assert callback_times.suggest_retry([morning], LATE, NEW_YORK, "evening") == evening
    assert callback_times.suggest_retry([evening], LATE, NEW_YORK, "evening") == at("2026-11-24 09:00")


def test_next_try_skips_the_weekend_and_holidays():
    clinic = BusinessHours(CLINIC.zone, CLINIC.weekly, holidays={dt.date(2026, 11, 23)})
    assert callback_times.suggest_retry([at("2026-11-20 13:00")], clinic, NEW_YORK) == at("2026-11-24 09:00")


def test_next_try_where_hours_never_meet_is_the_persons_own_day():
    proposed = callback_times.suggest_retry([at("2026-11-23 12:00")], CLINIC, TOKYO)
    assert (proposed, contact_hours.CALLING_HOURS.contains(proposed, TOKYO)) == (at("2026-11-24 12:00", TOKYO), True)


@pytest.mark.parametrize("day", ["2026-03-07", "2026-10-31"])
def test_next_try_over_a_clock_change_is_at_nine_by_the_new_clock(day):
    tried = [at(f"{day} 13:00"), at(f"{day} 17:00")]
    following = dt.date.fromisoformat(day) + dt.timedelta(days=1)
    assert callback_times.suggest_retry(tried, LATE, NEW_YORK) == at(f"{following} 09:00")


@given(
    st.lists(
        st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: at("2026-01-01") + dt.timedelta(minutes=minutes)),
        min_size=1,
        max_size=2,
    ),
    st.sampled_from([NEW_YORK, HONOLULU, TOKYO, "Asia/Kathmandu", "America/Los_Angeles", "Europe/London"]),
    st.sampled_from(PartOfDay.values),
)
def test_whatever_is_proposed_is_lawful_later_and_soon(tried, zone, best):
    tried.sort()
    proposed = callback_times.suggest_retry(tried, LATE, zone, best)
    assert contact_hours.CALLING_HOURS.contains(proposed, zone)
    assert 2 * HOUR <= proposed - tried[-1] <= dt.timedelta(days=7, hours=2.5)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-20 13:00", "1:00 PM today"),
        ("2026-11-21 09:05", "9:05 AM tomorrow"),
        ("2026-11-23 12:00", "noon on Monday"),
        ("2026-11-23 00:00", "12:00 AM on Monday"),
        ("2026-11-27 12:30", "12:30 PM on November 27"),
    ],
)
def test_times_in_words(moment, words):
    assert callback_times.humanize_callback_time(at(moment), at("2026-11-20 10:00"), NEW_YORK) == words


def test_times_in_words_are_those_of_the_persons_day():
    assert (
        callback_times.humanize_callback_time(at("2026-11-20 23:30"), at("2026-11-20 08:00"), TOKYO)
        == "1:30 PM tomorrow"
    )
