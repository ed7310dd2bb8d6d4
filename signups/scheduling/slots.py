"""Which starts of a call are offered. The listing and the booking ask the same functions, so neither can promise more.

All instants are aware and in UTC; a host's zone decides windows, dates and limits, and the invitee's only the display.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .business_hours import BusinessHours
from .intervals import Interval, IntervalSet


class BookingError(Exception):
    """A call that cannot be had so; `code` says why."""

    code = ""


class SlotUnavailable(BookingError):
    code = "slot_unavailable"


class TooSoon(BookingError):
    code = "too_soon"


class SlotTaken(BookingError):
    code = "slot_taken"


@dataclass(frozen=True)
class CallRules:
    """How calls are cut out of the hours. Buffers belong to the host's time, not to the call."""

    length: dt.timedelta
    step: dt.timedelta
    before: dt.timedelta
    after: dt.timedelta
    notice: dt.timedelta
    horizon_days: int

    def protected(self, start: dt.datetime) -> Interval:
        """What a call at `start` keeps free of anything else, its buffers included."""
        return start - self.before, start + self.length + self.after


@dataclass(frozen=True)
class Booking:
    """A call that stands: its start, and the range it was given when it was made."""

    start: dt.datetime
    protected: Interval


@dataclass(frozen=True)
class HostSchedule:
    """One person's diary. `busy` is met by buffers, `time_off` only by the call itself."""

    id: int | str
    hours: BusinessHours
    bookings: Sequence[Booking] = ()
    time_off: Sequence[Interval] = ()
    busy: Sequence[Interval] = ()
    daily_limit: int | None = None


class Slot(NamedTuple):
    start: dt.datetime
    host_ids: tuple[int | str, ...]


def available_slots(
    hosts: Iterable[HostSchedule], rules: CallRules, *, now: dt.datetime, begin: dt.datetime, end: dt.datetime
) -> list[Slot]:
    """Every start in `[begin, end)` for which somebody is free, in order, with the sorted ids of those who are."""
    free: dict[dt.datetime, list[int | str]] = defaultdict(list)
    soonest = max(begin, now + rules.notice)
    for host in _sorted(hosts):
        diary = _OpenTimes(host, rules, now)
        for start in diary.open_starts(soonest, end):
            if diary.is_free(start):
                free[start].append(host.id)
    return [Slot(start, tuple(free[start])) for start in sorted(free)]


def available_hosts(
    start: dt.datetime, hosts: Iterable[HostSchedule], rules: CallRules, *, now: dt.datetime, force: bool = False
) -> list[int | str]:
    """The ids of those who can take a call at `start`: at least one.

    Raises SlotUnavailable when nobody's hours offer it, TooSoon, or SlotTaken. `force` lifts the first two, for a start
    that is still to come.
    """
    diaries = [_OpenTimes(host, rules, now) for host in _sorted(hosts)]
    just_then = start, start + dt.timedelta.resolution
    if not force:
        diaries = [diary for diary in diaries if start in diary.open_starts(*just_then)]
    if not diaries:
        raise SlotUnavailable
    if start < (now if force else now + rules.notice):
        raise TooSoon
    free = [diary.host.id for diary in diaries if diary.is_free(start)]
    if not free:
        raise SlotTaken
    return free


def by_day(starts: Iterable[dt.datetime], zone: ZoneInfo) -> dict[dt.date, list[dt.datetime]]:
    """Starts in `zone`, under the dates they have there."""
    days: dict[dt.date, list[dt.datetime]] = {}
    for start in starts:
        local = start.astimezone(zone)
        days.setdefault(local.date(), []).append(local)
    return days


def _sorted(hosts: Iterable[HostSchedule]) -> list[HostSchedule]:
    return sorted(hosts, key=lambda host: host.id)


class _OpenTimes:
    """One host's time as the questions need it."""

    def __init__(self, host: HostSchedule, rules: CallRules, now: dt.datetime) -> None:
        self.host = host
        self.rules = rules
        self.last_date = host.hours.date(now) + dt.timedelta(days=rules.horizon_days)
        self.time_off = IntervalSet(host.time_off)
        self.blocked = IntervalSet([*host.busy, *(booking.protected for booking in host.bookings)])
        self.full: set[dt.date] = set()
        if host.daily_limit is not None:
            per_date = Counter(host.hours.date(booking.start) for booking in host.bookings)
            self.full = {date for date, count in per_date.items() if count >= host.daily_limit}

    def open_starts(self, begin: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
        """Starts in `[begin, end)` at which hours, time off and horizon have room for a call, in order."""
        if begin >= end:
            return []
        hours, length = self.host.hours, self.rules.length
        # Well before the last date's end in any zone: only what begins later needs to be looked up in the zone.
        surely = dt.datetime.combine(self.last_date, dt.time(), dt.UTC) - dt.timedelta(days=1)
        return [
            start
            for start in self._grid(begin, end)
            if not self.time_off.overlap(start, start + length)
            and (start < surely or hours.date(start) <= self.last_date)
        ]

    def _grid(self, begin: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
        """Steps of elapsed time from the start of each window; nothing else shifts them. Each has room for a call."""
        step, length = self.rules.step, self.rules.length
        windows = self.host.hours.windows(begin, end + length)
        open_time = IntervalSet(windows)
        starts = []
        for opens, closes in windows:
            start = opens + max(0, -((opens - begin) // step)) * step  # the first that is not before `begin`
            last = min(closes, end)
            while start < last:
                finish = start + length
                if finish <= closes or open_time.cover(start, finish):
                    starts.append(start)
                start += step
        return [start for start, _ in groupby(sorted(starts))]  # (what two windows share counts once)

    def is_free(self, start: dt.datetime) -> bool:
        """Whether a call at `start`, with its buffers, meets nothing and stays within the day's limit."""
        if self.host.daily_limit == 0 or (self.full and self.host.hours.date(start) in self.full):
            return False
        return not self.blocked.overlap(*self.rules.protected(start))
