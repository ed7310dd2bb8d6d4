"""Rules of the clinic profile's fields, in words an editor can act on."""

import re
from datetime import time
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not an IANA time zone such as America/New_York.")


def validate_names(names: object) -> None:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValidationError('Authors are a list of names, such as ["Moss A", "Reed B"].')


def validate_opening_hours(hours: object) -> None:
    """A list of `{weekday, start, end}`; `24:00` ends a day; an end must come after its start."""
    if not isinstance(hours, list):
        raise ValidationError("Opening hours are a list.")
    for row in hours:
        try:
            weekday, start, end = row["weekday"], str(row["start"]), str(row["end"])
            opens = _clock(start)
            closes = time.max if end == "24:00" else _clock(end)
        except (TypeError, KeyError, ValueError):
            raise ValidationError(f"{row!r} needs weekday 0–6, start and end as HH:MM.") from None
        if weekday is True or weekday is False or weekday not in range(7):
            raise ValidationError(f"Weekday {weekday!r} is not 0 (Monday) to 6 (Sunday).")
        if closes <= opens:
            raise ValidationError(f"{start}–{end} on weekday {weekday} ends before it starts.")


def _clock(told: str) -> time:
    """Raises ValueError for all but HH:MM, which is what reads these hours (`signups.scheduling.business_hours`)."""
    if not re.fullmatch(r"\d\d:\d\d", told, re.ASCII):
        raise ValueError(told)
    return time.fromisoformat(told)


def validate_states(codes: object) -> None:
    if not isinstance(codes, list) or not all(
        isinstance(code, str) and re.fullmatch("[A-Z]{2}", code) for code in codes
    ):
        raise ValidationError('States are a list of postal codes, such as ["NY", "NJ"].')
