"""Forms of a follow-up, on the lead's page."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.models import User

from clinic.lib.form_fields import InstantField


class ChangeFollowUpForm(forms.Form):
    due_at = InstantField(label="Due", error_messages={"required": "Choose a date and time."})
    owner = forms.TypedChoiceField(coerce=lambda pk: User.objects.get(pk=pk), label="Owner")

    def __init__(self, *args: Any, owners: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [*owners]  # type: ignore[attr-defined]


class FollowUpForm(ChangeFollowUpForm):
    task = forms.CharField(
        label="What to do", max_length=200, error_messages={"required": "Enter what to do."}, strip=True
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ["task", "due_at", "owner", "form_key"]
