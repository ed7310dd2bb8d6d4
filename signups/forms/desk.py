"""What staff fill in on a lead's page."""

import uuid
from typing import Any

from django import forms
from django.contrib.auth.models import User

from signups.models import Note, Tag
from signups.states import FREE, OF_A_TRY, CallOutcome, ConsentChannel, LeadStatus, Purpose

LONGEST_NOTE = 5000


class OwnerForm(forms.Form):
    owner = forms.TypedChoiceField(
        required=False, coerce=lambda pk: User.objects.get(pk=pk), empty_value=None, label="Owner"
    )

    def __init__(self, *args: Any, owners: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", "nobody"), *owners]  # type: ignore[attr-defined]


class MoveForm(forms.Form):
    """`seen` is the status that the page showed: what changed meanwhile is not changed blindly."""

    seen = forms.ChoiceField(choices=LeadStatus.choices, widget=forms.HiddenInput)
    to = forms.TypedChoiceField(choices=LeadStatus.choices, coerce=LeadStatus, widget=forms.HiddenInput)
    reason = forms.CharField(required=False, max_length=200, label="Why is it closed?")


class TryForm(forms.Form):
    outcome = forms.TypedChoiceField(
        choices=[(outcome.value, outcome.label) for outcome in OF_A_TRY], coerce=CallOutcome, label="How did it go?"
    )


class TagForm(forms.Form):
    tag = forms.ModelChoiceField(Tag.objects.all(), label="Tag", empty_label=None)


class EraseForm(forms.Form):
    asked = forms.BooleanField(label="They asked for it themselves. I know that it cannot be undone.")


class ConsentForm(forms.Form):
    """What somebody told us about being written to or called; no one ever agrees to the terms for them."""

    purpose = forms.TypedChoiceField(
        choices=[(purpose.value, purpose.label) for purpose in FREE], coerce=Purpose, label="To what?"
    )
    agrees = forms.TypedChoiceField(
        choices=[("no", "takes it back"), ("yes", "agrees")],
        coerce=lambda told: told == "yes",
        label="What do they say?",
    )
    channel = forms.TypedChoiceField(
        choices=[(channel.value, channel.label) for channel in (ConsentChannel.PHONE, ConsentChannel.EMAIL)],
        coerce=ConsentChannel,
        label="How did they say so?",
    )


class NoteForm(forms.Form):
    text = forms.CharField(
        max_length=LONGEST_NOTE,
        label="Note",
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": "Write the note first."},
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    supersedes = forms.ModelChoiceField(
        Note.objects.all(), required=False, to_field_name="public_id", widget=forms.HiddenInput
    )
