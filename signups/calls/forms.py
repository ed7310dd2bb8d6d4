"""Forms that choose a slot for the onboarding call and the displayed time zone."""

import datetime as dt
from contextlib import suppress
from typing import Any

from django import forms

from signups.audit.choices import ActorKind
from signups.leads import contact_details
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.web import form_fields, timed_token

from .actions import book_call, reschedule_call
from .call_type_models import CallType
from .models import OnboardingCall
from .questions import answered, question_fields, questions_of


class SlotForm(timed_token.TimedTokenForm):
    """One of the displayed slots.

    Requires a phone number when the lead has none, because the call needs one.
    """

    start = forms.CharField(
        label="Time", max_length=40, widget=forms.RadioSelect, error_messages={"required": "Choose a time."}
    )
    phone = forms.CharField(
        label="Phone number",
        max_length=40,
        help_text="We’ll call you at this number.",
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
        error_messages={"required": "Enter a phone number, like 212-555-0123."},
    )
    kept_phone = form_fields.kept_field()
    reminders = forms.BooleanField(label="Remind me a day and an hour before", required=False, initial=True)

    def __init__(
        self, *args: Any, lead: Lead, call_type: CallType, moving: OnboardingCall | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lead, self.call_type, self.moving = lead, call_type, moving
        if moving:
            del self.fields["reminders"]
        else:
            self.fields |= question_fields(call_type)
        if lead.has_number_to_call:
            del self.fields["phone"], self.fields["kept_phone"]

    def clean_start(self) -> dt.datetime:
        """Parse an ISO instant with offset, within the years every time zone supports."""
        with suppress(ValueError):
            start = dt.datetime.fromisoformat(self.cleaned_data["start"])
            if start.tzinfo and 2000 <= start.year < 3000:
                return start.astimezone(dt.UTC)
        raise forms.ValidationError("Choose one of the times listed.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "phone" in data:
            form_fields.clean_phone(self, data, current_offer().phone_region)
        return data

    def is_replay(self) -> bool:
        data = self.cleaned_data
        if self.moving:
            return bool(self.moving.starts_at == data["start"])
        return self.lead.calls.filter(idempotency_key=data["stamp"]).exists()

    def save(self, *, now: dt.datetime) -> OnboardingCall:
        """Book or reschedule the call. Raises as `book_call` and `reschedule_call` do.

        A submitted phone number is saved even when booking fails.
        """
        data = self.cleaned_data
        if "phone" in data:
            contact = {name: data[name] for name in ("phone", "phone_e164", "phone_extension")}
            contact_details.state_number(self.lead, by=ActorKind.PATIENT, now=now, **contact)
        if self.moving:
            return reschedule_call(call=self.moving, start=data["start"], by=ActorKind.PATIENT, now=now)
        booking = {"start": data["start"], "key": data["stamp"], "reminders": data["reminders"]}
        booking |= {"call_type": self.call_type, "answers": answered(self)}
        return book_call(lead=self.lead, **booking, by=ActorKind.PATIENT, now=now)

    @property
    def questions(self) -> list[forms.BoundField]:
        return questions_of(self)


class NumberForm(forms.Form):
    """The number to call, after the one on file was found to be somebody else's."""

    phone = SlotForm.base_fields["phone"]
    kept_phone = form_fields.kept_field()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        form_fields.clean_phone(self, data, current_offer().phone_region)
        return data


class ZoneForm(forms.Form):
    time_zone = form_fields.ZoneField(label="Show times in")
