"""Admin forms that book, move and reassign a call."""

from typing import Any

from django import forms

from clinic.lib.form_fields import InstantField
from signups.hosts.models import Host

from .choices import ForceReason

FORCE_REASONS = [("", "Only if hours and notice allow it"), *ForceReason.choices]


class RescheduleForm(forms.Form):
    """A new start for a call.

    A reason lifts working hours and minimum notice, never a conflict with another call.
    """

    start = InstantField(
        label="New time",
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "Choose a time.", "invalid": "Write the day and the time."},
    )
    forced = forms.ChoiceField(label="Outside hours or notice, because", choices=FORCE_REASONS, required=False)


class BookForm(forms.Form):
    """One of the available slots."""

    start = InstantField(error_messages={"required": "Choose a time.", "invalid": "Choose a time."})


class ReassignCallForm(forms.Form):
    """Another host, who must be free at the time of the call."""

    host = forms.ModelChoiceField(
        label="Give to",
        queryset=Host.objects.none(),
        to_field_name="public_id",
        empty_label="Choose a host",
        error_messages={"required": "Choose a host.", "invalid_choice": "Choose a host who takes calls."},
    )
    forced = forms.ChoiceField(label="Outside hours or notice, because", choices=FORCE_REASONS, required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="host_%s")
        hosts = Host.objects.active().select_related("user").order_by("user__first_name", "pk")
        self.fields["host"].queryset = hosts  # type: ignore[attr-defined]
