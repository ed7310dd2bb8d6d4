"""Time zone data: only the locked `tzdata` package, never the operating system's, whose age nobody here controls."""

import datetime as dt
import zoneinfo

import tzdata

# The release in requirements.lock. With a newer one, take its date from the IANA announcement.
LOCKED_VERSION, LOCKED_RELEASED_ON = "2026.6", dt.date(2026, 10, 28)
MAX_AGE = dt.timedelta(days=183)


def use_locked_zone_data() -> None:
    """Read zones only from `tzdata`. Called first by the settings of every process; idempotent."""
    if zoneinfo.TZPATH:
        zoneinfo.reset_tzpath(to=())
        zoneinfo.ZoneInfo.clear_cache()


def why_outdated(today: dt.date) -> str:
    """Return what is wrong with the zone data in use, as a sentence, or ""."""
    if zoneinfo.TZPATH:
        return "Time zones are read from the operating system instead of the locked tzdata package."
    if tzdata.__version__ != LOCKED_VERSION:
        return f"tzdata {tzdata.__version__} is installed, and {LOCKED_VERSION} is locked: install requirements.lock."
    if today - LOCKED_RELEASED_ON > MAX_AGE:
        return (
            f"The time zone data is of {LOCKED_RELEASED_ON}, more than six months old. Laws change: upgrade tzdata "
            "with `make lock ARGS=--upgrade`; booked calls that are at another hour then are listed for staff."
        )
    return ""
