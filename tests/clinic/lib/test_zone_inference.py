"""States, area codes and zone words."""

import datetime as dt

import pytest

from clinic.lib import contact_hours, time_zones, us_states, zone_inference

CLINIC = "America/Chicago"


@pytest.mark.parametrize(
    ("state", "e164", "zone", "guessed"),
    [
        ("CA", "", "America/Los_Angeles", False),
        ("HI", "+12125550123", "Pacific/Honolulu", False),
        ("TX", "", "America/Chicago", True),
        ("FL", "", "America/New_York", True),
        ("GU", "", "Pacific/Guam", False),
        ("AE", "", CLINIC, True),
        ("", "+18085550123", "Pacific/Honolulu", True),
        ("", "+442079460018", CLINIC, True),
        ("", "", CLINIC, True),
    ],
)
def test_zone_comes_from_the_state_then_the_area_code_then_the_clinic(state, e164, zone, guessed):
    assert zone_inference.zone_from_hints(state, e164, default=CLINIC) == (zone, guessed)


def test_every_state_has_a_zone_but_military_mail():
    assert us_states.STATES.keys() - zone_inference.STATE_ZONES.keys() == {"AA", "AE", "AP"}


@pytest.mark.parametrize(
    ("zone", "facts", "zones"),
    [
        ("America/New_York", {"state": "HI"}, ["America/New_York", "Pacific/Honolulu"]),
        ("America/New_York", {"e164": "+14155550123"}, ["America/New_York", "America/Los_Angeles"]),
        ("America/Detroit", {"state": "MI", "e164": "+13135550123"}, ["America/Detroit"]),
        ("America/Denver", {"state": "TX"}, ["America/Denver"]),
        ("America/Chicago", {"state": "TX", "guessed": True}, ["America/Chicago", "America/Denver"]),
        ("America/Chicago", {"e164": "+442079460018"}, ["America/Chicago"]),
    ],
)
def test_hints_that_disagree_with_the_zone_count_beside_it(zone, facts, zones):
    assert zone_inference.contact_zones(zone, **facts) == zones


def test_hours_are_decent_in_all_zones_that_may_be_theirs():
    zones = zone_inference.contact_zones("America/New_York", state="HI")
    morning = dt.datetime(2026, 11, 30, 13, 5, tzinfo=dt.UTC)  # 8:05 in New York, 3:05 in Honolulu
    assert contact_hours.CALLING_HOURS.contains(morning, zones[0])
    assert not contact_hours.CALLING_HOURS.contains(morning, *zones)
    opens = contact_hours.CALLING_HOURS.next(morning, *zones)
    assert opens == dt.datetime(2026, 11, 30, 18, tzinfo=dt.UTC)
    assert contact_hours.CALLING_HOURS.contains(opens, *zones)


def test_zones_without_a_common_hour_leave_the_stated_one():
    morning = dt.datetime(2026, 11, 30, 13, 5, tzinfo=dt.UTC)
    assert contact_hours.DailyWindow(dt.time(8), dt.time(18)).contains(morning, "America/New_York", "Asia/Bangkok")


WORDS = {
    "EST": "America/New_York", "Eastern": "America/New_York", "Eastern Standard Time": "America/New_York",
    "Central Time - US & Canada": "America/Chicago", "Central Time (US & Canada)": "America/Chicago",
    "(GMT-06:00) Central Time": "America/Chicago", "(UTC-05:00) Eastern Time (US & Canada)": "America/New_York",
    "US/Pacific": "America/Los_Angeles", "PST8PDT": "America/Los_Angeles", "us_eastern": "America/New_York",
    "america/chicago": "America/Chicago", "America/New York": "America/New_York",
    "US Mountain Standard Time": "America/Phoenix",
    "Mountain Time - Arizona": "America/Phoenix", "Hawaiian Standard Time": "Pacific/Honolulu",
    "Hawaii": "Pacific/Honolulu",
    "Alaska Time - US & Canada": "America/Anchorage", "UK, Ireland, Lisbon Time": "Europe/London",
    "Berlin": "Europe/Berlin",
    "GMT": "UTC", "Nowhere Time": "", "": "",
}  # fmt: skip


@pytest.mark.parametrize(("text", "zone"), WORDS.items(), ids=WORDS)
def test_zone_is_read_as_other_systems_write_it(text, zone):
    assert zone_inference.parse_zone(text) == zone
    assert not zone or zone in time_zones.zone_names()


STATES = {
    "N.Y.": "NY", "Calif.": "CA", "TX - Texas": "TX", "texas ": "TX", "D.C.": "DC", "Washington, D.C.": "DC",
    "Washington": "WA", "NY, USA": "NY", "Tex.": "TX", "AE": "AE", "GU": "GU", "VI": "VI", "AP": "AP",
    "American Samoa": "AS", "US-TX": "TX", "W. Va.": "WV", "Austin, TX 78701, USA": "TX", "APO AE": "AE",
    "Armed Forces Pacific": "AP", "State of Maine": "ME", "U.S. Virgin Islands": "VI", "ZZ": "ZZ",
    "Outside the United States": "ZZ", "n/a": "", "-": "", "Ontario": "", "USA": "", "NY or NJ": "", "": "",
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), STATES.items(), ids=STATES)
def test_state_is_read_by_name_code_or_abbreviation(text, code):
    assert us_states.parse_state(text) == code
