"""Bookable slots of calls.

Listing and booking use the same functions, so that no slot is listed that cannot be booked. All instants are aware and
in UTC; a host's zone determines windows, dates and limits, the invitee's zone only the display.
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
    """Raised when a slot cannot be booked; `code` is the reason."""

    code = ""


class SlotUnavailable(BookingError):
    code = "slot_unavailable"


class TooSoon(BookingError):
    code = "too_soon"


class SlotTaken(BookingError):
    code = "slot_taken"


@dataclass(frozen=True)
class CallRules:
    """Length, grid and limits of calls.

    The buffers `before` and `after` occupy the host's time but are not part of the call.
    """

    length: dt.timedelta
    step: dt.timedelta
    before: dt.timedelta
    after: dt.timedelta
    notice: dt.timedelta
    horizon_days: int

    def protected(self, start: dt.datetime) -> Interval:
        """Return the interval that a call at `start` blocks, buffers included."""
        return start - self.before, start + self.length + self.after


@dataclass(frozen=True)
class Booking:
    """A booked call: its start, and the interval blocked when it was booked."""

    start: dt.datetime
    protected: Interval


@dataclass(frozen=True)
class HostSchedule:
    """The schedule of one host.

    Buffers must not overlap `busy`; only the call itself must not overlap `time_off`.
    """

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
    """Return the available starts in `[begin, end)`, sorted, with their free hosts.

    Host ids are sorted.
    """
    free: dict[dt.datetime, list[int | str]] = defaultdict(list)
    soonest = max(begin, now + rules.notice)
    for host in _sorted(hosts):
        schedule = _OpenTimes(host, rules, now)
        for start in schedule.free(schedule.open_starts(soonest, end)):
            free[start].append(host.id)
    return [Slot(start, tuple(free[start])) for start in sorted(free)]


def available_hosts(
    start: dt.datetime, hosts: Iterable[HostSchedule], rules: CallRules, *, now: dt.datetime, force: bool = False
) -> list[int | str]:
    """Return the ids of the hosts free for a call at `start`: at least one.

    Raises SlotUnavailable when `start` is outside the hours of every host, TooSoon, or SlotTaken. `force` lifts the
    first two, for a start in the future.
    """
    schedules = [_OpenTimes(host, rules, now) for host in _sorted(hosts)]
    this_start_only = start, start + dt.timedelta.resolution
    if not force:
        schedules = [schedule for schedule in schedules if start in schedule.open_starts(*this_start_only)]
    if not schedules:
        raise SlotUnavailable
    if start < (now if force else now + rules.notice):
        raise TooSoon
    free = [schedule.host.id for schedule in schedules if schedule.free([start])]
    if not free:
        raise SlotTaken
    return free


def by_day(starts: Iterable[dt.datetime], zone: ZoneInfo) -> dict[dt.date, list[dt.datetime]]:
    """Group starts by their local date in `zone`."""
    days: dict[dt.date, list[dt.datetime]] = {}
    for start in starts:
        local = start.astimezone(zone)
        days.setdefault(local.date(), []).append(local)
    return days


def _sorted(hosts: Iterable[HostSchedule]) -> list[HostSchedule]:
    return sorted(hosts, key=lambda host: host.id)


class _OpenTimes:
    """The availability of one host, precomputed for slot queries."""

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
        """Return the starts in `[begin, end)` that hours, time off and horizon allow."""
        if begin >= end:
            return []
        hours, length = self.host.hours, self.rules.length
        # Before the end of the last date in every zone: only later starts need the conversion to the local date.
        safe_until = dt.datetime.combine(self.last_date, dt.time(), dt.UTC) - dt.timedelta(days=1)
        starts = self.time_off.clear(self._grid(begin, end), before=dt.timedelta(), after=length)
        return [start for start in starts if start < safe_until or hours.date(start) <= self.last_date]

    def _grid(self, begin: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
        """Return the starts at multiples of `step` after the start of each window.

        Steps are elapsed time, so clock changes do not shift the grid. Each start leaves time for a complete call.
        """
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
        return [start for start, _ in groupby(sorted(starts))]  # (overlapping windows: deduplicate)

    def free(self, starts: list[dt.datetime]) -> list[dt.datetime]:
        """Return those of the sorted `starts` at which a call meets no blocked time, within the daily limit.

        The buffers of the call must be free too.
        """
        if self.host.daily_limit == 0:
            return []
        rules = self.rules
        clear = self.blocked.clear(starts, before=rules.before, after=rules.length + rules.after)
        return [start for start in clear if self.host.hours.date(start) not in self.full] if self.full else clear
