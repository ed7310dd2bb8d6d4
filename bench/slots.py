"""How long it takes to offer a month of times, and how that grows: `python bench/slots.py`.

Needs no database: the offer is arithmetic on what was read, in one thread, so that its processor time is its cost.
"""

import datetime as dt
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from signups.scheduling.business_hours import BusinessHours, by_weekday
from signups.scheduling.slots import Booking, CallRules, HostSchedule, available_slots

from .harness import Target, alternate, report

NOW = dt.datetime(2026, 3, 2, 13, tzinfo=dt.UTC)  # the month holds a clock change
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
ROUNDS = 15


def minutes(number: int) -> dt.timedelta:
    return dt.timedelta(minutes=number)


def host(number: int, bookings: int = 200, busy: int = 200) -> HostSchedule:
    """Nine to five with a break, and `bookings` calls and `busy` times of a calendar of their own over a month."""
    weekly = by_weekday([(day, *window) for day in range(7) for window in ((540, 720), (780, 1020))])
    starts = [NOW + minutes(216 * turn + number) for turn in range(bookings)]
    booked = [Booking(start, (start, start + minutes(45))) for start in starts]
    theirs = [NOW + minutes(216 * turn + 7 * number) for turn in range(busy)]
    elsewhere = [(start, start + minutes(30)) for start in theirs]
    zone = ZoneInfo(ZONES[number % len(ZONES)])
    return HostSchedule(number, BusinessHours(zone, weekly), bookings=booked, busy=elsewhere, daily_limit=20)


def milliseconds(hosts: list[HostSchedule], days: int) -> float:
    rules = CallRules(minutes(30), minutes(30), minutes(5), minutes(10), minutes(240), days)
    end = NOW + dt.timedelta(days=days + 1)
    began = time.process_time()
    available_slots(hosts, rules, now=NOW, begin=NOW, end=end)
    return (time.process_time() - began) * 1000


def main() -> int:
    hosts = [host(number) for number in range(20)]
    figures = alternate(
        {
            "20 hosts, 30 days": lambda: milliseconds(hosts, 30),
            "10 hosts, 30 days": lambda: milliseconds(hosts[:10], 30),
            "20 hosts, 15 days": lambda: milliseconds(hosts, 15),
        },
        ROUNDS,
    )
    whole, fewer, shorter = figures.values()
    targets = [
        Target("a month for 20 hosts with 200 bookings and 200 busy times each", whole, 30, "ms", at_most=True),
        # Linear is 2; the rest is room for a noisy machine, and less than the 4 of squared cost.
        Target("twice the hosts cost", whole / fewer, 2.6, "times", at_most=True),
        Target("twice the days cost", whole / shorter, 2.6, "times", at_most=True),
    ]
    return report("slots", figures, targets, "ms")


if __name__ == "__main__":
    sys.exit(main())
