"""Time zones: form choices (IANA names) and formatting."""

import datetime as dt
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone

US_ZONES = {
    "America/New_York": "Eastern Time",
    "America/Chicago": "Central Time",
    "America/Denver": "Mountain Time",
    "America/Phoenix": "Arizona Time",
    "America/Los_Angeles": "Pacific Time",
    "America/Anchorage": "Alaska Time",
    "Pacific/Honolulu": "Hawaii Time",
    "America/Puerto_Rico": "Atlantic Time (Puerto Rico)",
}
REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@cache
def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return grouped choices for a select: 8 US zones, then cities by region."""
    elsewhere = sorted(zone for zone in available_timezones() if zone.split("/")[0] in REGIONS and zone not in US_ZONES)
    return [
        ("United States", list(US_ZONES.items())),
        *(
            (
                region,
                [
                    (zone, zone.partition("/")[2].replace("_", " "))
                    for zone in elsewhere
                    if zone.split("/")[0] == region
                ],
            )
            for region in REGIONS
        ),
        ("Other", [("UTC", "UTC")]),
    ]


ANOTHER = "another"  # not a zone: the choice that leads to the list of all


def choices_around(chosen: str = "", *, empty_label: str = "") -> list[Any]:
    """Return the choices of a select: the US zones, the `chosen` one and ANOTHER.

    When ANOTHER is chosen, all zones, for the second step.
    """
    if chosen == ANOTHER:
        return [("", "Select your time zone"), *zone_choices()]
    extra = [(chosen, city_name(chosen))] if chosen in zone_names() and chosen not in US_ZONES else []
    empty = [("", empty_label)] if empty_label else []
    return [*empty, *US_ZONES.items(), *extra, (ANOTHER, "Another time zone")]


@cache
def zone_names() -> frozenset[str]:
    """Return the IANA names of `zone_choices`."""
    return frozenset(zone for _, group in zone_choices() for zone, _ in group)


def city_name(zone: str) -> str:
    """Return the city of an IANA name: `New York` for `America/New_York`."""
    return zone.rpartition("/")[2].replace("_", " ")


ANY_WINTER = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)  # summer's name is the same
COMMON_NAMES = {
    "EST": "Eastern Time", "EDT": "Eastern Time", "CST": "Central Time", "CDT": "Central Time",
    "MST": "Mountain Time", "MDT": "Mountain Time", "PST": "Pacific Time", "PDT": "Pacific Time",
    "AKST": "Alaska Time", "AKDT": "Alaska Time", "HST": "Hawaii Time", "HDT": "Hawaii Time", "AST": "Atlantic Time",
    "ChST": "Chamorro Time", "SST": "Samoa Time",
}  # fmt: skip


def common_zone_name(zone: str, at: dt.datetime = ANY_WINTER) -> str:
    """Return what people in `zone` call their time: `Eastern Time`, else `Tokyo time`.

    Arizona has no daylight saving, so that its summer differs from that of its neighbors: `Arizona Time`.
    """
    if zone == "America/Phoenix":
        return "Arizona Time"
    american = zone.startswith(("America/", "Pacific/", "US/")) and COMMON_NAMES.get(
        at.astimezone(ZoneInfo(zone)).tzname() or ""
    )
    return american or ("UTC" if zone == "UTC" else f"{city_name(zone)} time")


def format_short(at: dt.datetime, zone: str) -> str:
    """Format date, time and zone of a moment in few characters: `Mon, Nov 30, 2:00 PM Eastern Time`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a}, {local:%b} {local.day}, {format_time(local)} {common_zone_name(zone, at)}"


def format_moment(at: dt.datetime, zone: str) -> str:
    """Format date, time and zone of a moment.

    `Monday, June 1, 2026, 9:00 AM Eastern Time`
    """
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%A, %B} {local.day}, {local.year}, {format_time(local)} {common_zone_name(zone, at)}"


def format_time(local: dt.datetime) -> str:
    """Format the time of day: `9:00 AM`."""
    return f"{local.hour % 12 or 12}:{local:%M %p}"


def local_time(at: dt.datetime, zone: str) -> str:
    """Format the time of day of a moment in `zone`: `9:00 AM`."""
    return format_time(at.astimezone(ZoneInfo(zone)))


def midnight(day: dt.date) -> dt.datetime:
    """Return the start of `day` in the current time zone.

    In the admin that is the clinic's.
    """
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
