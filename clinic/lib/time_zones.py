"""Time zones: form choices (IANA names) and formatting."""

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone

US_ZONES = {
    "America/New_York": "Eastern (New York)",
    "America/Chicago": "Central (Chicago)",
    "America/Denver": "Mountain (Denver)",
    "America/Phoenix": "Mountain, no daylight saving (Phoenix)",
    "America/Los_Angeles": "Pacific (Los Angeles)",
    "America/Anchorage": "Alaska (Anchorage)",
    "Pacific/Honolulu": "Hawaii (Honolulu)",
    "America/Puerto_Rico": "Atlantic (Puerto Rico)",
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


@cache
def zone_names() -> frozenset[str]:
    """Return the IANA names of `zone_choices`."""
    return frozenset(zone for _, group in zone_choices() for zone, _ in group)


def city_name(zone: str) -> str:
    """Return the city of an IANA name: `New York` for `America/New_York`."""
    return zone.rpartition("/")[2].replace("_", " ")


def zone_label(zone: str, at: dt.datetime) -> str:
    """Return the zone's name and offset at a moment: `Eastern (New York), UTC−5`."""
    return f"{US_ZONES.get(zone) or city_name(zone)}, {format_offset(at.astimezone(ZoneInfo(zone)))}"


COMMON_NAMES = {
    "EST": "Eastern Time", "EDT": "Eastern Time", "CST": "Central Time", "CDT": "Central Time",
    "MST": "Mountain Time", "MDT": "Mountain Time", "PST": "Pacific Time", "PDT": "Pacific Time",
    "AKST": "Alaska Time", "AKDT": "Alaska Time", "HST": "Hawaii Time", "HDT": "Hawaii Time", "AST": "Atlantic Time",
    "ChST": "Chamorro Time", "SST": "Samoa Time",
}  # fmt: skip


def common_zone_name(zone: str, at: dt.datetime) -> str:
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


def format_offset(local: dt.datetime) -> str:
    """Format the UTC offset of an aware datetime: `UTC−5`, `UTC+5:45`."""
    ahead = local.utcoffset() or dt.timedelta()
    hours, minutes = divmod(abs(ahead) // dt.timedelta(minutes=1), 60)
    sign = "−" if ahead < dt.timedelta() else "+"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def format_moment(at: dt.datetime, zone: str) -> str:
    """Format date, time and zone of a moment.

    `Monday, June 1, 2026, 9:00 AM, Eastern (New York), UTC−4`
    """
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%A, %B} {local.day}, {local.year}, {format_time(local)}, {zone_label(zone, at)}"


def format_time(local: dt.datetime) -> str:
    """Format the time of day: `9:00 AM`."""
    return f"{local.hour % 12 or 12}:{local:%M %p}"


def midnight(day: dt.date) -> dt.datetime:
    """Return the start of `day` in the current time zone.

    In the admin that is the clinic's.
    """
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
