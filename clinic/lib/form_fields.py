"""Form fields that accept only what the code behind them can work with.

Dates are limited to the years 2000 to 2999, which keeps date arithmetic from overflowing. Lists typed as JSON hold
nothing that the databases, or a page in UTF-8, cannot hold.
"""

import datetime as dt
import json
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.fields import InvalidJSONInput

SUPPORTED_DATES = [MinValueValidator(dt.date(2000, 1, 1)), MaxValueValidator(dt.date(2999, 12, 31))]


class InstantField(forms.DateTimeField):
    """Date-time field that cleans to UTC."""

    def to_python(self, value: Any) -> dt.datetime | None:
        instant = super().to_python(value)
        if instant is None:
            return None
        if not 2000 <= instant.year < 3000:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return instant.astimezone(dt.UTC)


class JSONListField(forms.JSONField):
    """A list typed as JSON; an empty field is an empty list.

    Refuses what Python reads and others do not: `NaN`, lone surrogates and NUL, endless numbers, and deep nesting.
    """

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return []
        try:
            rows = value if isinstance(value, list) else json.loads(value, parse_constant=_refuse_constant)
            json.dumps(rows, ensure_ascii=False, allow_nan=False).encode()
            storable = rows == [] or (rows and not any("\0" in text for text in _strings(rows)))
        except (TypeError, ValueError, RecursionError):
            storable = False
        if not storable:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid", params={"value": ""})
        return rows

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show an invalid entry as it was typed: read and written again, it could not be sent."""
        return initial if self.disabled or data is None else InvalidJSONInput(data)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _strings(value: Any) -> list[str]:
    """Return every string in a JSON value, keys included."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return [value] if isinstance(value, str) else []
