"""Business hours: wall-clock windows of one zone, and time counted within them.

Times of day are minutes after midnight, 0 to 1440 (`24:00`, the next midnight). Weekday 0 is Monday.
"""

import datetime as dt
import functools
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from .intervals import Interval, IntervalSet

Window = tuple[int, int]
MINUTES_A_DAY = dt.timedelta(days=1)
MIDNIGHT = 24 * 60
MAX_LOOK_AHEAD = 2 * 366  # days searched for open time


def parse_time(wall: str) -> int:
    """Parse `09:30` to 570.

    Raises ValueError, with a message for the user, for an invalid time.
    """
    hour, colon, minute = wall.strip().partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and int(minute) < 60):
        raise ValueError(f"“{wall}” isn’t a valid time. Use 9:30 or 09:30.")
    total = int(hour) * 60 + int(minute)
    if total > MIDNIGHT:
        raise ValueError(f"“{wall}” is later than 24:00.")
    return total


def format_time(total: int) -> str:
    """Format 570 as `09:30`."""
    return f"{total // 60:02}:{total % 60:02}"


def parse_windows(typed: str) -> list[Window]:
    """Parse `09:00–12:00, 13:00–17:00` to sorted windows.

    An end before its start is on the next day. Raises ValueError, with a message for the user, for invalid or
    overlapping windows.
    """
    found: list[Window] = []
    for part in filter(None, (part.strip() for part in typed.replace(";", ",").split(","))):
        first, dash, last = part.replace("–", "-").partition("-")
        if not dash:
            raise ValueError(f"“{part}” needs a start and an end, such as 9:00–17:00.")
        start, end = parse_time(first), parse_time(last)
        if start in (end, MIDNIGHT):
            raise ValueError(f"“{part}”: start and end are the same.")
        found.append((start, end))
    found.sort()
    for (start, end), (later, _) in itertools.pairwise(found):
        if end < start or later < end:
            raise ValueError(f"{format_windows([(start, end)])} overlaps what starts at {format_time(later)}.")
    return found


def format_windows(found: Iterable[Sequence[int]]) -> str:
    """Format windows as `parse_windows` reads them."""
    return ", ".join(f"{format_time(start)}–{format_time(end)}" for start, end in found)


def by_weekday(rules: Iterable[tuple[int, int, int]]) -> dict[int, list[Window]]:
    """Group (weekday, start, end) rows into the windows of each weekday."""
    windows: dict[int, list[Window]] = defaultdict(list)
    for weekday, start, end in rules:
        windows[weekday].append((start, end))
    return windows


@dataclass(frozen=True)
class BusinessHours:
    """Weekly opening hours with exceptions.

    An override replaces the windows of its date (empty means closed); otherwise a holiday closes the date.
    """

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[Window]]
    overrides: Mapping[dt.date, Sequence[Window]] = field(default_factory=dict)
    holidays: Collection[dt.date] = frozenset()

    def windows_on(self, date: dt.date) -> list[Interval]:
        """Return the windows that begin on the local `date`, as instants.

        An end before its start is on the next date.
        """
        if date in self.overrides:
            windows = self.overrides[date]
        elif date in self.holidays:
            windows = ()
        else:
            windows = self.weekly.get(date.weekday(), ())
        spans = [
            (_instant(self.zone, date, start), _instant(self.zone, date if end >= start else date + MINUTES_A_DAY, end))
            for start, end in windows
        ]
        return [span for span in spans if span[0] < span[1]]  # drop windows inverted by a clock change

    def windows(self, start: dt.datetime, end: dt.datetime) -> list[Interval]:
        """Return every window that may contain an instant from `start` to `end`.

        Includes one local day before `start`, for windows that run overnight.
        """
        date, last = self.date(start) - MINUTES_A_DAY, self.date(end)
        spans: list[Interval] = []
        while date <= last:
            spans += self.windows_on(date)
            date += MINUTES_A_DAY
        return spans

    def date(self, instant: dt.datetime) -> dt.date:
        """Return the local date of `instant`."""
        return instant.astimezone(self.zone).date()


@functools.lru_cache(maxsize=8192)  # colleagues keep the same hours in a few zones
def _instant(zone: ZoneInfo, date: dt.date, total: int) -> dt.datetime:
    """Convert a local date and minutes after midnight to UTC (RFC 5545 §3.3.5).

    An ambiguous time is the first of the two; a nonexistent one takes the offset before the gap.
    """
    days, rest = divmod(total, MIDNIGHT)
    local = dt.datetime.combine(date + days * MINUTES_A_DAY, dt.time(*divmod(rest, 60)), zone)
    return local.astimezone(dt.UTC)


def add_business_minutes(created: dt.datetime, target: int, hours: BusinessHours) -> dt.datetime | None:
    """Return the moment when `target` business minutes have passed since `created`.

    A target reached exactly at closing is the closing time. None when the next two years have too little open time.
    """
    left = dt.timedelta(minutes=target)
    if not left:
        return created
    date = hours.date(created) - MINUTES_A_DAY
    counted = created
    for _ in range(MAX_LOOK_AHEAD):
        for start, end in IntervalSet(hours.windows_on(date)):
            start, end = max(start, counted), max(end, counted)  # (count overlapping windows once)
            if end - start >= left:
                return start + left
            left -= end - start
            counted = end
        date += MINUTES_A_DAY
    return None
