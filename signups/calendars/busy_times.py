"""Busy times of a calendar in iCalendar format (RFC 5545), recurrences expanded."""

import datetime as dt
from collections.abc import Collection, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from signups.scheduling.intervals import Interval, IntervalSet

if TYPE_CHECKING:
    from icalendar import Calendar, Event

MAX_EVENTS = 20_000  # occurrences in the range that is read
TOO_FREQUENT = {"SECONDLY", "MINUTELY"}


class UnreadableCalendar(Exception):
    """Raised for a calendar that cannot be read; the message is a sentence for the user."""


def parse_calendar(text: str) -> "Calendar":
    """Parse iCalendar text. Raises UnreadableCalendar."""
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(text)
    except (ValueError, IndexError, KeyError, AttributeError):
        calendar = None
    if not isinstance(calendar, Calendar):
        raise UnreadableCalendar("The answer is no calendar.")
    return calendar


def busy_times(
    calendars: Iterable["Calendar"], begin: dt.datetime, end: dt.datetime, *, zone: str, ignored: Collection[str] = ()
) -> list[Interval]:
    """Return when somebody is busy in `[begin, end)`, as disjoint intervals in UTC.

    Free (transparent) and cancelled events, and those with a UID of `ignored`, do not count. Floating times and whole
    days are read in `zone`. Raises UnreadableCalendar.
    """
    import recurring_ical_events

    found: list[Interval] = []
    for calendar in calendars:
        for event in calendar.walk("VEVENT"):
            rule = event.get("RRULE")
            if isinstance(rule, dict) and {str(one).upper() for one in rule.get("FREQ", [])} & TOO_FREQUENT:
                raise UnreadableCalendar("An event repeats every minute, which cannot be read.")
        try:
            query = recurring_ical_events.of(calendar, skip_bad_series=True)
            events = query.between(begin, end)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            raise UnreadableCalendar("The calendar has an event that cannot be read.") from None
        found += [_interval(event, zone) for event in islice(events, MAX_EVENTS) if _is_busy(event, ignored)]
    return [(max(start, begin), min(stop, end)) for start, stop in IntervalSet(found) if start < end and stop > begin]


def _is_busy(event: "Event", ignored: Collection[str]) -> bool:
    free = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() == "FREE"
    transparent = str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
    cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
    return not (free or transparent or cancelled or str(event.get("UID", "")) in ignored)


def _interval(event: Any, zone: str) -> Interval:
    # recurring_ical_events, which has no types, gives every event both properties, as dates or times.
    start, end = (_instant(event[name].dt, zone) for name in ("DTSTART", "DTEND"))
    return start, end


def _instant(value: dt.date, zone: str) -> dt.datetime:
    moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(dt.UTC)
