"""Busy times of iCalendar text: recurrences, whole days, floating times, and what cannot be read."""

import datetime as dt

import pytest

from signups.calendars.busy_times import UnreadableCalendar, busy_times, parse_calendar

BEGIN = dt.datetime(2027, 1, 11, tzinfo=dt.UTC)
END = BEGIN + dt.timedelta(days=7)


def busy(*lines, zone="America/New_York", ignored=()):
    event = ["BEGIN:VEVENT", "UID:x", "DTSTAMP:20270101T000000Z", *lines, "END:VEVENT"]
    text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *event, "END:VCALENDAR", ""])
    found = busy_times([parse_calendar(text)], BEGIN, END, zone=zone, ignored=ignored)
    return [f"{start:%dT%H:%M}-{end:%dT%H:%M}" for start, end in found]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["DTSTART:20270112T150000Z", "DTEND:20270112T160000Z"], ["12T15:00-12T16:00"]),
        (["DTSTART:20270112T150000Z", "DURATION:PT30M"], ["12T15:00-12T15:30"]),
        (["DTSTART:20270112T100000", "DTEND:20270112T110000"], ["12T15:00-12T16:00"]),  # floating: the host's clock
        (["DTSTART;TZID=America/Los_Angeles:20270112T090000", "DURATION:PT1H"], ["12T17:00-12T18:00"]),
        (["DTSTART;VALUE=DATE:20270112", "DTEND;VALUE=DATE:20270113"], ["12T05:00-13T05:00"]),
        (["DTSTART:20270101T150000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY"], ["15T15:00-15T16:00"]),
        (
            ["DTSTART:20270101T150000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "EXDATE:20270115T150000Z"],
            [],
        ),
        (["DTSTART:20270112T150000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT"], []),
        (["DTSTART:20270112T150000Z", "DURATION:PT1H", "STATUS:CANCELLED"], []),
        (["DTSTART:20270112T150000Z", "DURATION:PT1H", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"], []),
        (["DTSTART:20270110T230000Z", "DURATION:PT2H"], ["11T00:00-11T01:00"]),
        (["DTSTART:20280112T150000Z", "DURATION:PT1H"], []),
    ],
)
def test_when_somebody_is_busy(lines, found):
    assert busy(*lines) == found


def test_own_calls_do_not_count():
    assert busy("DTSTART:20270112T150000Z", "DURATION:PT1H", ignored={"x"}) == []


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=MINUTELY"])
def test_what_would_never_end_is_refused(rule):
    with pytest.raises(UnreadableCalendar):
        busy("DTSTART:20270112T150000Z", "DURATION:PT1S", f"RRULE:{rule}")


@pytest.mark.parametrize("text", ["", "<html>Sign in</html>", "BEGIN:VCALENDAR", "BEGIN:VEVENT\r\nEND:VCALENDAR"])
def test_what_is_no_calendar_is_refused(text):
    with pytest.raises(UnreadableCalendar):
        parse_calendar(text)
