"""Date fields limited to the years 2000 to 2999.

The limits keep date arithmetic from overflowing.
"""

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

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
