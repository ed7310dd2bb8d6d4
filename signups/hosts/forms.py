"""Forms of a host's hours, entered as text: `09:00–12:00, 13:00–17:00`."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from clinic.lib.form_fields import SUPPORTED_DATES, InstantField
from signups.scheduling import business_hours
from signups.web import form_fields

from .models import DateOverride, Host, TimeOff

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class HoursField(forms.CharField):
    """Cleans to a list of [start, end] in minutes after midnight; empty means closed.

    Raises ValidationError for invalid windows.
    """

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput({"size": 40})
        defaults = {"required": False, "max_length": 200, "help_text": "Leave blank if unavailable.", "widget": widget}
        super().__init__(**{**defaults, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return business_hours.format_windows(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        try:
            return [list(window) for window in business_hours.parse_windows(super().clean(value))]
        except ValueError as error:
            raise ValidationError(str(error)) from None


class HostForm(forms.ModelForm):
    """A host and the weekly hours."""

    time_zone = form_fields.ZoneField(help_text="Hours below are in this time zone.")
    monday = HoursField(
        help_text="For example 9:00–12:00, 13:00–17:00. If the end is earlier than the start, it’s the next day."
    )
    tuesday = HoursField()
    wednesday = HoursField()
    thursday = HoursField()
    friday = HoursField()
    saturday = HoursField()
    sunday = HoursField()

    class Meta:
        model = Host
        fields = ["user", "time_zone", "active", "daily_limit", "weight"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            weekly = business_hours.by_weekday(self.instance.rules.values_list("weekday", "start", "end"))
            for weekday, name in enumerate(WEEKDAYS):
                self.initial[name] = [list(window) for window in weekly[weekday]]

    def week(self) -> list[tuple[int, int, int]]:
        """Return (weekday, start, end) of every entered window."""
        return [
            (weekday, start, end) for weekday, name in enumerate(WEEKDAYS) for start, end in self.cleaned_data[name]
        ]


class OverrideForm(forms.ModelForm):
    date = forms.DateField(validators=SUPPORTED_DATES, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    windows = HoursField(
        label="Hours", help_text="Replaces that weekday’s hours. Leave blank to make the day unavailable."
    )

    class Meta:
        model = DateOverride
        fields = ["date", "windows"]


class TimeOffForm(forms.ModelForm):
    """Time off, with one field per moment.

    The split widgets of Django's admin would share one label.
    """

    starts_at = InstantField()
    ends_at = InstantField()

    class Meta:
        model = TimeOff
        fields = ["starts_at", "ends_at"]

    def __init__(self, *args: Any, zone: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("starts_at", "ends_at") if zone else ():
            self.fields[name].zone = zone  # type: ignore[attr-defined]


class TimeOffFormSet(forms.BaseInlineFormSet):
    """Time off of one host, in the zone of the host."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return super().get_form_kwargs(index) | {"zone": self.instance.time_zone}
