"""Callback times: callable hours, the promised time, and retry suggestions."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from clinic.lib import contact_hours

from .business_hours import BusinessHours, add_business_minutes, parse_time
from .intervals import Interval, IntervalSet

LAWFUL_HOURS = (
    parse_time(f"{contact_hours.CALLING_HOURS.first:%H:%M}"),
    parse_time(f"{contact_hours.CALLING_HOURS.last:%H:%M}"),
)  # in the lead's zone
PARTS_OF_DAY = ((12, "morning"), (17, "afternoon"), (24, "evening"))  # (end hour, exclusive; part)
MIN_RETRY_PAUSE = dt.timedelta(hours=2)  # between two attempts
STEP = dt.timedelta(minutes=30)
LOOK_AHEAD = 7 * 24 * 2  # steps searched for the next attempt: one week
ANY_MONDAY = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)  # which parts of the day are open is asked of this week
MIN_WINDOW = 60  # callable business minutes before the promised time


@dataclass(frozen=True)
class CallableHours(BusinessHours):
    """The clinic's hours, limited to lawful calling hours in the lead's zone `person`."""

    person: ZoneInfo = field(kw_only=True)

    @classmethod
    def of(cls, clinic: BusinessHours, zone: str) -> "CallableHours":
        return cls(clinic.zone, clinic.weekly, clinic.overrides, clinic.holidays, person=ZoneInfo(zone))

    def windows_on(self, date: dt.date) -> list[Interval]:
        lawful = BusinessHours(self.person, {weekday: [LAWFUL_HOURS] for weekday in range(7)})
        both = [
            (max(start, first), min(end, last))
            for start, end in super().windows_on(date)
            for first, last in lawful.windows(start, end)
        ]
        return [span for span in both if span[0] < span[1]]


def promised_by(asked: dt.datetime, target: int, clinic: BusinessHours, zone: str) -> dt.datetime | None:
    """Return the promised time of a callback: `target` business minutes after `asked`.

    Later when those minutes are mostly outside the calling hours of `zone`, so that the promise can be kept, and never
    in the person's night: then it is the end of the last hours before it in which they may be called. None when there
    is no such time.
    """
    usual, possible = (
        add_business_minutes(asked, target, clinic),
        add_business_minutes(asked, min(target, MIN_WINDOW), CallableHours.of(clinic, zone)),
    )
    return last_callable(asked, max(usual, possible), clinic, zone) if usual and possible else None


def last_callable(since: dt.datetime, until: dt.datetime, clinic: BusinessHours, zone: str) -> dt.datetime | None:
    """Return the last moment up to `until`, after `since`, at which a person in `zone` may be called.

    None when they may not be called in between.
    """
    spans = CallableHours.of(clinic, zone).windows(since, until)
    return max((min(end, until) for start, end in spans if start < until and end > since), default=None)


def part_of_day(moment: dt.datetime, zone: str) -> str:
    """Return the part of day of `moment` in `zone`.

    Morning ends at noon, evening begins at 5 p.m.
    """
    hour = moment.astimezone(ZoneInfo(zone)).hour
    return next(part for until, part in PARTS_OF_DAY if hour < until)


def open_parts_of_day(clinic: BusinessHours, zone: str) -> list[str]:
    """Return the parts of the day in `zone` in which the clinic may call somebody there, on any weekday."""
    week = IntervalSet(CallableHours.of(clinic, zone).windows(ANY_MONDAY, ANY_MONDAY + dt.timedelta(days=7)))
    starts = [ANY_MONDAY + step * STEP for step in range(LOOK_AHEAD)]
    found = {part_of_day(start, zone) for start in starts if week.cover(start, start + STEP)}
    return [part for _, part in PARTS_OF_DAY if part in found]


def suggest_retry(tried: Sequence[dt.datetime], clinic: BusinessHours, zone: str, best: str = "any") -> dt.datetime:
    """Return when to call again after the attempts `tried` (oldest first, not empty).

    UTC, on the half hour. Prefers a part of the lead's day that was not tried yet, `best` first, then the one tried
    longest ago; within it, the earliest time that is in business hours, in lawful calling hours and at least
    MIN_RETRY_PAUSE after the last attempt. If business hours and lawful calling hours do not overlap within a week,
    only the latter count.
    """
    last_try = {part_of_day(moment, zone): number for number, moment in enumerate(tried)}
    earliest = tried[-1] + MIN_RETRY_PAUSE
    first = earliest + (dt.datetime.min.replace(tzinfo=dt.UTC) - earliest) % STEP  # rounded up to the half hour
    starts = [(first + step * STEP).astimezone(dt.UTC) for step in range(LOOK_AHEAD)]
    open_time = IntervalSet(CallableHours.of(clinic, zone).windows(starts[0], starts[-1]))
    candidates = [start for start in starts if open_time.cover(start, start + STEP)]
    candidates = candidates or [start for start in starts if contact_hours.CALLING_HOURS.contains(start, zone)]

    def rank(start: dt.datetime) -> tuple[int, bool, dt.datetime]:
        part = part_of_day(start, zone)
        return last_try.get(part, -1), part != best, start

    return min(candidates, key=rank)


def humanize_callback_time(moment: dt.datetime, now: dt.datetime, zone: str) -> str:
    """Format `moment` for a reader in `zone` at `now`.

    “1:30 PM today”, “9:00 AM on Monday”, “noon on December 7”
    """
    local, today = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (local.date() - today).days
    weekday_or_date = f"on {local:%A}" if 1 < days < 7 else f"on {local:%B} {local.day}"
    day = {0: "today", 1: "tomorrow"}.get(days, weekday_or_date)
    is_noon = (local.hour, local.minute) == (12, 0)
    return f"noon {day}" if is_noon else f"{local.hour % 12 or 12}:{local:%M %p} {day}"
