"""Opening hours as a sentence's part: `Monday to Friday, 9:00 AM to 5:00 PM Eastern Time`."""

import datetime as dt
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from . import time_zones

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def describe_hours(rows: Iterable[Mapping[str, Any]], zone: str) -> str:
    """Return `rows` (weekday from Monday = 0, start and end as `HH:MM`) in words; "" without rows.

    Days in a row with the same hours are joined: `Monday to Thursday, …; Friday, …`.
    """
    by_day: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: (row["weekday"], row["start"])):
        hours = f"{_time(row['start'])} to {_time(row['end'])}"
        by_day[row["weekday"]] = f"{by_day[row['weekday']]} and {hours}" if row["weekday"] in by_day else hours
    groups = groupby(by_day.items(), key=_run_key(by_day))
    parts = [f"{_days([day for day, _ in group])}, {hours}" for (hours, _), group in groups]
    return f"{'; '.join(parts)} {time_zones.common_zone_name(zone)}" if parts else ""


def _run_key(by_day: Mapping[int, str]) -> Any:
    """Return a key that is equal for consecutive weekdays with equal hours."""
    rank = {day: position for position, day in enumerate(by_day)}
    return lambda item: (item[1], item[0] - rank[item[0]])


def _days(days: list[int]) -> str:
    first, last = WEEKDAYS[days[0]], WEEKDAYS[days[-1]]
    if len(days) == 1:
        return first
    return f"{first} {'and' if len(days) == 2 else 'to'} {last}"


def _time(text: str) -> str:
    if text == "24:00":
        return "midnight"
    return time_zones.format_time(dt.datetime.combine(dt.date.min, dt.time.fromisoformat(text)))
