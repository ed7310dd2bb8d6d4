"""Form fields that accept only what the code behind them can work with.

Dates are limited to the years 2000 to 2999, which keeps date arithmetic from overflowing. Lists typed as JSON hold
nothing that the databases, or a page in UTF-8, cannot hold.
"""

import datetime as dt
import json
from contextlib import nullcontext
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.fields import InvalidJSONInput
from django.utils import timezone
from django.utils.html import format_html, format_html_join

LOCAL_FORMAT = "%Y-%m-%dT%H:%M"  # of <input type="datetime-local">
SUPPORTED_DATES = [MinValueValidator(dt.date(2000, 1, 1)), MaxValueValidator(dt.date(2999, 12, 31))]


class InstantInput(forms.DateTimeInput):
    """A date and a time of day. Where the clocks go back, it asks which of the two hours is meant."""

    input_type = "datetime-local"
    zone: str | None = None

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format=LOCAL_FORMAT)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the typed local time, with the offset that was chosen for a repeated hour."""
        value, offset = super().value_from_datadict(data, files, name), data.get(f"{name}_offset")
        return f"{value}{offset}" if value and offset in _offsets(value, self.zone) else value

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        local = value[: len("2027-11-07T01:30")] if isinstance(value, str) else ""
        offsets = _offsets(local, self.zone)
        if not offsets:
            return super().render(name, value, attrs, renderer)
        box = super().render(name, local, attrs, renderer)
        words = zip(offsets, ("the first, before the clocks go back", "the second, after it"), strict=True)
        options = format_html_join("", '<option value="{}">{}</option>', words)
        return format_html('{} <label>Which one? <select name="{}_offset">{}</select></label>', box, name, options)


def _offsets(value: Any, zone: str | None) -> list[str]:
    """Return the two offsets, earlier hour first, of a local time that happens twice in the zone; else []."""
    try:
        local = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return []
    info = ZoneInfo(zone) if zone else timezone.get_current_timezone()
    if local.tzinfo or not 2000 <= local.year < 3000:
        return []
    first, second = (local.replace(tzinfo=info, fold=fold) for fold in (0, 1))
    exists = first.astimezone(dt.UTC).astimezone(info).replace(tzinfo=None) == local
    if first.utcoffset() == second.utcoffset() or not exists:
        return []
    return [one.isoformat()[-6:] for one in (first, second)]


class InstantField(forms.DateTimeField):
    """Date-time field that cleans to UTC; typed times are local in `zone`, by default the current one."""

    widget = InstantInput
    default_error_messages = {
        "repeated": "The clocks go back that day, so this hour happens twice. Select which one you mean.",
        "skipped": "The clocks go forward that day, so this hour does not exist. Enter another time.",
    }
    _zone: str | None = None

    @property
    def zone(self) -> str | None:
        return self._zone

    @zone.setter
    def zone(self, zone: str) -> None:
        self._zone = zone
        if isinstance(self.widget, InstantInput):
            self.widget.zone = zone

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(self.zone) if self.zone else nullcontext():
            return super().prepare_value(value)

    def to_python(self, value: Any) -> dt.datetime | None:
        with timezone.override(self.zone) if self.zone else nullcontext():
            try:
                instant = super().to_python(value)
            except forms.ValidationError as error:
                if error.code != "ambiguous_timezone":
                    raise
                code = "repeated" if _offsets(value, self.zone) else "skipped"
                raise forms.ValidationError(self.error_messages[code], code=code) from None
        if instant is None:
            return None
        if not 2000 <= instant.year < 3000:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return instant.astimezone(dt.UTC)


class LinesField(forms.CharField):
    """A list of texts, one a line; blank lines and spaces around a text are dropped."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [text.strip() for text in (super().to_python(value) or "").splitlines() if text.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != self.to_python(data))


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
