"""When a person may be called, by when they will be, and when to try them again."""

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
)  # on the person's clock
PARTS_OF_DAY = ((12, "morning"), (17, "afternoon"), (24, "evening"))  # each up to that hour
MIN_RETRY_PAUSE = dt.timedelta(hours=2)  # between two tries
STEP = dt.timedelta(minutes=30)
LOOK_AHEAD = 7 * 24 * 2  # steps that are looked at for the next try
MIN_WINDOW = 60  # minutes in which we are open and may call, before a promise falls due


@dataclass(frozen=True)
class CallableHours(BusinessHours):
    """The clinic's hours, less those in which somebody in the zone `person` must not be called."""

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
    """By when somebody in `zone` will be called: `target` business minutes after `asked`.

    Later where those minutes are mostly night for the person, so that it can be kept; None where it never can.
    """
    usual, possible = (
        add_business_minutes(asked, target, clinic),
        add_business_minutes(asked, min(target, MIN_WINDOW), CallableHours.of(clinic, zone)),
    )
    return max(usual, possible) if usual and possible else None


def part_of_day(moment: dt.datetime, zone: str) -> str:
    """Morning up to noon, evening from 5 p.m., as a clock in `zone` shows it."""
    hour = moment.astimezone(ZoneInfo(zone)).hour
    return next(part for until, part in PARTS_OF_DAY if hour < until)


def suggest_retry(tried: Sequence[dt.datetime], clinic: BusinessHours, zone: str, best: str = "any") -> dt.datetime:
    """When to try again after the calls at `tried` (oldest first, at least one): UTC, on the half hour.

    In a part of the person's day that was not tried yet, the one they like `best` first; else in that tried longest
    ago; there as early as we are open, they may be called and PAUSE has passed. Where our hours and theirs do not meet
    in a week: as early as they may be called.
    """
    last_try = {part_of_day(moment, zone): number for number, moment in enumerate(tried)}
    earliest = tried[-1] + MIN_RETRY_PAUSE
    first = earliest + (dt.datetime.min.replace(tzinfo=dt.UTC) - earliest) % STEP  # up to the half hour
    starts = [(first + step * STEP).astimezone(dt.UTC) for step in range(LOOK_AHEAD)]
    open_time = IntervalSet(CallableHours.of(clinic, zone).windows(starts[0], starts[-1]))
    good = [start for start in starts if open_time.cover(start, start + STEP)]
    good = good or [start for start in starts if contact_hours.CALLING_HOURS.contains(start, zone)]

    def rank(start: dt.datetime) -> tuple[int, bool, dt.datetime]:
        part = part_of_day(start, zone)
        return last_try.get(part, -1), part != best, start

    return min(good, key=rank)


def humanize_callback_time(moment: dt.datetime, now: dt.datetime, zone: str) -> str:
    """`moment` for somebody in `zone` at `now`: “today, 1:30 p.m.”, “Monday, 9 a.m.”, “December 7, noon”."""
    there, today = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (there.date() - today).days
    day = {0: "today", 1: "tomorrow"}.get(days) or (f"{there:%A}" if 1 < days < 7 else f"{there:%B} {there.day}")
    minutes = f":{there:%M}" if there.minute else ""
    if there.hour == 12 and not minutes:
        return f"{day}, noon"
    return f"{day}, {there.hour % 12 or 12}{minutes} {'a.m.' if there.hour < 12 else 'p.m.'}"
