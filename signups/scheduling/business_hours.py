"""Opening hours: wall-clock windows of one zone as instants, and time that counts only while it is open.

Times of day are minutes after midnight, 0 to 1440 (`24:00`, the next midnight). Weekday 0 is Monday.
"""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from .intervals import Interval, IntervalSet

Window = tuple[int, int]
MINUTES_A_DAY = dt.timedelta(days=1)
MIDNIGHT = 24 * 60
MAX_LOOK_AHEAD = 2 * 366  # days that are looked through before a clinic counts as closed for good


def parse_time(wall: str) -> int:
    """`09:30` as 570. Raises ValueError, in plain words, for what no clock shows."""
    hour, colon, minute = wall.strip().partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and int(minute) < 60):
        raise ValueError(f"“{wall}” is not a time such as 09:30.")
    total = int(hour) * 60 + int(minute)
    if total > MIDNIGHT:
        raise ValueError(f"“{wall}” is later than 24:00.")
    return total


def format_time(total: int) -> str:
    """570 as `09:30`."""
    return f"{total // 60:02}:{total % 60:02}"


def parse_windows(typed: str) -> list[Window]:
    """`09:00–12:00, 13:00–17:00` as windows, in order. Raises ValueError in words for what cannot be.

    An end before its start is on the next day.
    """
    found: list[Window] = []
    for part in filter(None, (part.strip() for part in typed.replace(";", ",").split(","))):
        first, dash, last = part.replace("–", "-").partition("-")
        if not dash:
            raise ValueError(f"“{part}” has no end: write it as 09:00–17:00.")
        start, end = parse_time(first), parse_time(last)
        if start in (end, MIDNIGHT):
            raise ValueError(f"“{part}” has no length.")
        found.append((start, end))
    found.sort()
    for (start, end), (later, _) in itertools.pairwise(found):
        if end < start or later < end:
            raise ValueError(f"{format_windows([(start, end)])} runs into what begins at {format_time(later)}.")
    return found


def format_windows(found: Iterable[Sequence[int]]) -> str:
    """Windows as they are typed."""
    return ", ".join(f"{format_time(start)}–{format_time(end)}" for start, end in found)


def by_weekday(rules: Iterable[tuple[int, int, int]]) -> dict[int, list[Window]]:
    """(weekday, start, end) rows as the windows of each weekday."""
    windows: dict[int, list[Window]] = defaultdict(list)
    for weekday, start, end in rules:
        windows[weekday].append((start, end))
    return windows


@dataclass(frozen=True)
class BusinessHours:
    """When somebody may be met. Overrides replace a date's windows (none: closed); else a holiday closes the date."""

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[Window]]
    overrides: Mapping[dt.date, Sequence[Window]] = field(default_factory=dict)
    holidays: Collection[dt.date] = frozenset()

    def windows_on(self, date: dt.date) -> list[Interval]:
        """The windows that begin on the local `date`, as instants; an end before its start is on the next date."""
        if date in self.overrides:
            windows = self.overrides[date]
        elif date in self.holidays:
            windows = ()
        else:
            windows = self.weekly.get(date.weekday(), ())
        spans = [
            (self._instant(date, start), self._instant(date if end >= start else date + MINUTES_A_DAY, end))
            for start, end in windows
        ]
        return [span for span in spans if span[0] < span[1]]  # turned around by a clock change: dropped, never swapped

    def windows(self, start: dt.datetime, end: dt.datetime) -> list[Interval]:
        """Every window that may hold an instant from `start` to `end`: one local day back, for what runs overnight."""
        date, last = self.date(start) - MINUTES_A_DAY, self.date(end)
        spans: list[Interval] = []
        while date <= last:
            spans += self.windows_on(date)
            date += MINUTES_A_DAY
        return spans

    def date(self, instant: dt.datetime) -> dt.date:
        """The local date of `instant`."""
        return instant.astimezone(self.zone).date()

    def _instant(self, date: dt.date, total: int) -> dt.datetime:
        """RFC 5545 §3.3.5: a time that happens twice is the first, one that is skipped takes the offset before it."""
        days, rest = divmod(total, MIDNIGHT)
        local = dt.datetime.combine(date + days * MINUTES_A_DAY, dt.time(*divmod(rest, 60)), self.zone)
        return local.astimezone(dt.UTC)


def add_business_minutes(created: dt.datetime, target: int, hours: BusinessHours) -> dt.datetime | None:
    """When `target` business minutes have passed since `created`, counting only open time.

    Reached at closing, it is closing time. None when there is too little open time in the next two years.
    """
    left = dt.timedelta(minutes=target)
    if not left:
        return created
    date = hours.date(created) - MINUTES_A_DAY
    counted = created
    for _ in range(MAX_LOOK_AHEAD):
        for start, end in IntervalSet(hours.windows_on(date)):
            start, end = max(start, counted), max(end, counted)  # (what two windows share counts once)
            if end - start >= left:
                return start + left
            left -= end - start
            counted = end
        date += MINUTES_A_DAY
    return None
