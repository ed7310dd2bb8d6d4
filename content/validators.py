"""Validators of model fields, with messages for editors."""

import re
from datetime import time
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


def validate_time_zone(name: str) -> None:
    """Accept IANA names only."""
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Choose one from the list, such as America/New_York.")


def validate_names(names: object) -> None:
    """Accept a non-empty list of non-blank strings, none of which stands for unnamed authors."""
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValidationError('Authors are a list of names, such as ["Moss A", "Reed B"].')
    if any(re.fullmatch(r"\W*(et\.?\s+al\W*|and\s+others)", name.strip(), re.IGNORECASE) for name in names):
        raise ValidationError("Name every author: reference managers take “et al.” for a name, or drop the rest.")


def validate_field_names(names: object) -> None:
    """Accept a list of non-blank strings, also an empty one."""
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValidationError('Fields are a list of names, such as ["pages", "year"].')


def validate_opening_hours(hours: object) -> None:
    """Accept a list of `{weekday, start, end}`, each end after its start.

    24:00 ends a day.
    """
    if not isinstance(hours, list):
        raise ValidationError("Opening hours are a list.")
    for row in hours:
        try:
            weekday, start, end = row["weekday"], str(row["start"]), str(row["end"])
            opens = _parse_time(start)
            closes = time.max if end == "24:00" else _parse_time(end)
        except (TypeError, KeyError, ValueError):
            raise ValidationError(f"{row!r} needs weekday 0–6, start and end as HH:MM.") from None
        if type(weekday) is not int or weekday not in range(7):  # 0.0 equals 0, and is no index
            raise ValidationError(f"Weekday {weekday!r} is not 0 (Monday) to 6 (Sunday).")
        if closes <= opens:
            raise ValidationError(f"{start}–{end} on weekday {weekday} ends before it starts.")


def _parse_time(text: str) -> time:
    """Parse HH:MM. Raises ValueError.

    The format of `signups.scheduling.business_hours`.
    """
    if not re.fullmatch(r"\d\d:\d\d", text, re.ASCII):
        raise ValueError(text)
    return time.fromisoformat(text)


def validate_states(codes: object) -> None:
    """Accept a list of two-letter postal codes."""
    if not isinstance(codes, list) or not all(
        isinstance(code, str) and re.fullmatch("[A-Z]{2}", code) for code in codes
    ):
        raise ValidationError('States are a list of postal codes, such as ["NY", "NJ"].')
