"""Contact hours follow the person's own wall clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.lib import contact_hours, time_zones

NEW_YORK = "America/New_York"
ALL_ZONES = [zone for _, group in time_zones.zone_choices() for zone, _ in group]


def local(text, zone=NEW_YORK):
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        ("2026-11-20 08:00", "2026-11-20 08:00"),
        ("2026-11-20 07:59:59", "2026-11-20 08:00"),
        ("2026-11-20 19:59:59", "2026-11-20 19:59:59"),
        ("2026-11-20 20:00", "2026-11-21 08:00"),
        ("2026-11-30 23:30", "2026-12-01 08:00"),
        ("2028-02-28 21:00", "2028-02-29 08:00"),
        ("2026-12-31 22:00", "2027-01-01 08:00"),
        # The clock goes forward at 2:00 on March 8 and back on November 1, 2026: eight is eight.
        ("2026-03-07 23:00", "2026-03-08 08:00"),
        ("2026-10-31 23:00", "2026-11-01 08:00"),
    ],
)
def test_message_comes_by_day(moment, sent):
    assert contact_hours.EMAIL_HOURS.next(local(moment), NEW_YORK) == local(sent)


def test_night_of_one_zone_is_day_of_another():
    noon_utc = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
    assert [
        contact_hours.EMAIL_HOURS.contains(noon_utc, zone) for zone in (NEW_YORK, "Pacific/Honolulu", "Asia/Tokyo")
    ] == [
        True,
        False,
        False,
    ]


@given(
    st.integers(1_577_836_800, 2_145_916_800).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC)),
    st.sampled_from(ALL_ZONES),
)
def test_next_decent_hour_is_decent_and_soon(moment, zone):
    found = contact_hours.EMAIL_HOURS.next(moment, zone)
    assert contact_hours.EMAIL_HOURS.contains(found, zone)
    # Twelve hours of night, one more where a clock goes back, a whole day where a calendar drops one (Samoa, 2011).
    assert dt.timedelta(0) <= found - moment <= dt.timedelta(hours=13)


@pytest.mark.parametrize(
    ("moment", "may_ring"), [("07:59:59", False), ("08:00", True), ("20:59:59", True), ("21:00", False)]
)
def test_calls_are_made_from_eight_to_nine_in_the_evening(moment, may_ring):
    """47 CFR 64.1200(c)(1)."""
    assert contact_hours.CALLING_HOURS.contains(local(f"2026-11-20 {moment}"), NEW_YORK) is may_ring
