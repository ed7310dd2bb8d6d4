"""The worked cases of `data/scheduling_cases.json`, and their parts as the scheduling functions take them."""

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from signups.scheduling import business_hours, slots

CASES = json.loads((Path(__file__).parent / "data/scheduling_cases.json").read_text())


def named(kind, **wanted):
    """The cases of a kind as pytest's parameters, those with one of the wanted values: `mode=("parallel",)`."""
    chosen = [case for case in CASES[kind] if all(case[name] in values for name, values in wanted.items())]
    return [pytest.param(case, id=case["id"]) for case in chosen]


def instant(text):
    return dt.datetime.fromisoformat(text)


def spans(pairs):
    return [(instant(start), instant(end)) for start, end in pairs]


def minutes(number):
    return dt.timedelta(minutes=number)


def opening(facts, holidays=()):
    overrides = {}
    for override in facts["overrides"]:
        windows = [
            (business_hours.parse_time(start), business_hours.parse_time(end)) for start, end in override["windows"]
        ]
        overrides.setdefault(dt.date.fromisoformat(override["date"]), []).extend(windows)
    return business_hours.BusinessHours(
        ZoneInfo(facts["tz"]),
        business_hours.by_weekday(
            (r["weekday"], business_hours.parse_time(r["start"]), business_hours.parse_time(r["end"]))
            for r in facts["rules"]
        ),
        overrides,
        frozenset(map(dt.date.fromisoformat, holidays)),
    )


def booking(facts):
    start, end = instant(facts["start"]), instant(facts["end"])
    before, after = minutes(facts["buffer_before_min"]), minutes(facts["buffer_after_min"])
    return slots.Booking(start, (start - before, end + after))


def host(facts, holidays, moving):
    """`moving` is the (staff_id, start) of the booking that is being moved, and so is no obstacle."""
    bookings = [booking(one) for one in facts.get("bookings", []) if (facts["id"], one["start"]) != moving]
    return slots.HostSchedule(
        id=facts["id"],
        hours=opening(facts, holidays),
        bookings=bookings,
        time_off=spans(facts["time_off"]),
        busy=spans(facts["busy"]),
        daily_limit=facts.get("max_per_day"),
    )


def hosts(case):
    moving = case.get("moving") and (case["moving"]["staff_id"], case["moving"]["start"])
    return [host(facts, case.get("holidays", ()), moving) for facts in case["staff"]]


def rules(case):
    return slots.CallRules(
        length=minutes(case["length_min"]),
        step=minutes(case["step_min"]),
        before=minutes(case["buffer_before_min"]),
        after=minutes(case["buffer_after_min"]),
        notice=minutes(case["min_notice_min"]),
        horizon_days=case["horizon_days"],
    )
