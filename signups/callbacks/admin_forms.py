"""Admin forms that log the outcome of a callback and reassign it."""

import uuid
from typing import Any

from django import forms
from django.contrib.auth.models import User

from clinic.lib.form_fields import InstantField
from signups.web.staff_forms import note_field

from .choices import RETRY_OUTCOMES, CallOutcome
from .models import MAX_CALL_ATTEMPTS


class OutcomeForm(forms.Form):
    """Outcome of attempt `number`; outcomes in RETRY_OUTCOMES need a next attempt.

    The submitted number is the one displayed: a mismatch means that somebody has called meanwhile.
    """

    form_key = forms.UUIDField(widget=forms.HiddenInput)
    number = forms.IntegerField(widget=forms.HiddenInput)
    most = MAX_CALL_ATTEMPTS
    outcome = forms.ChoiceField(
        label="Outcome",
        choices=CallOutcome.choices,
        error_messages={"required": "Select an outcome."},
    )
    next_attempt_at = InstantField(
        label="If you don’t reach them, try again at",
        required=False,
        error_messages={"invalid": "Enter a date and time for the next attempt."},
    )

    note = note_field()

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form_key"].initial = uuid.uuid4
        self.fields["number"].initial = number
        if number >= MAX_CALL_ATTEMPTS:
            del self.fields["next_attempt_at"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        is_offered = "next_attempt_at" in self.fields and "next_attempt_at" not in self.errors
        if is_offered and data.get("outcome") in RETRY_OUTCOMES and not data.get("next_attempt_at"):
            self.add_error("next_attempt_at", "Choose when to try again.")
        return data


class ClaimantForm(forms.Form):
    """The member of staff who is to call."""

    to = forms.ModelChoiceField(label="Assign to", queryset=User.objects.none(), empty_label="Select a team member")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        backend = "django.contrib.auth.backends.ModelBackend"
        callers = User.objects.with_perm("signups.work_callbackrequest", backend=backend)
        self.fields["to"].queryset = callers.filter(is_staff=True).order_by("username")  # type: ignore[attr-defined]
