"""Admin forms that book, move and reassign a call."""

from typing import Any

from django import forms

from clinic.lib.form_fields import InstantField
from signups.hosts.models import Host
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.web import form_fields

from .call_type_models import CallType
from .choices import ForceReason
from .questions import question_fields, questions_of

FORCE_REASONS = [("", "No override"), *ForceReason.choices]


class RescheduleForm(forms.Form):
    """A new start for a call.

    A reason lifts working hours and minimum notice, never a conflict with another call.
    """

    start = InstantField(
        label="New time",
        error_messages={"required": "Choose a time.", "invalid": "Enter a date and time."},
    )
    forced = forms.ChoiceField(label="Override availability (reason)", choices=FORCE_REASONS, required=False)
    # Set by dropping the call into the column of a host.
    host = forms.ModelChoiceField(
        Host.objects.active(), to_field_name="public_id", required=False, widget=forms.HiddenInput
    )


class BookForm(forms.Form):
    """One of the available slots, and the number to call for a lead without one."""

    start = InstantField(error_messages={"required": "Choose a time.", "invalid": "Choose a time."})
    phone = forms.CharField(
        label="Phone number", max_length=40, error_messages={"required": "Ask for the number: the call is by phone."}
    )
    kept_phone = form_fields.kept_field()
    asked_again = forms.BooleanField(
        label="They asked not to be called, and have asked for this call since",
        error_messages={"required": "They asked not to be called. Book only a call that they have asked for since."},
    )

    def __init__(self, *args: Any, lead: Lead, call_type: CallType, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.call_type = call_type
        self.fields |= question_fields(call_type)
        if lead.has_number_to_call:
            del self.fields["phone"], self.fields["kept_phone"]
        if not lead.do_not_call_at:
            del self.fields["asked_again"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "phone" in data:
            form_fields.clean_phone(self, data, current_offer().phone_region)
        return data

    @property
    def questions(self) -> list[forms.BoundField]:
        return questions_of(self)


class ReassignCallForm(forms.Form):
    """Another host, who must be free at the time of the call."""

    host = forms.ModelChoiceField(
        label="New host",
        queryset=Host.objects.none(),
        to_field_name="public_id",
        empty_label="Select a host",
        error_messages={"required": "Select a host.", "invalid_choice": "Choose a host who takes calls."},
    )
    forced = forms.ChoiceField(label="Override availability (reason)", choices=FORCE_REASONS, required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="host_%s")
        hosts = Host.objects.active().select_related("user").order_by("user__first_name", "pk")
        self.fields["host"].queryset = hosts  # type: ignore[attr-defined]
