"""Forms of the lead page and of the bulk actions."""

import uuid
from typing import Any

from django import forms
from django.contrib.auth.models import User

from clinic.lib.form_fields import InstantField
from signups.callbacks.choices import OUTREACH_OUTCOMES, CallOutcome
from signups.consents.choices import OPTIONAL_CONSENTS, ConsentChannel, ConsentPurpose
from signups.leads.choices import Channel, LeadStatus, OpenWork
from signups.leads.close_reason_models import CloseReason
from signups.leads.note_models import Note
from signups.leads.tag_models import Tag
from signups.web.staff_forms import LONGEST_NOTE, note_field

BULK_TARGETS = (LeadStatus.CONTACTED, LeadStatus.QUALIFIED, LeadStatus.CLOSED)  # a conversion belongs to one trial


def open_work_field() -> forms.TypedChoiceField:
    """What becomes of what is under way; asked only where there is something."""
    return forms.TypedChoiceField(
        required=False,
        choices=[("", "Choose"), *OpenWork.choices],
        coerce=OpenWork,
        empty_value=None,
        label="What about what is still open?",
    )


class ClosingForm(forms.Form):
    """A form that may close a lead, with a reason from the Head's list."""

    reason = forms.ChoiceField(required=False, label="Close reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Choose a reason"), *CloseReason.objects.choices()]
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]


class OwnerForm(forms.Form):
    owner = forms.TypedChoiceField(
        required=False, coerce=lambda pk: User.objects.get(pk=pk), empty_value=None, label="Owner"
    )

    def __init__(self, *args: Any, owners: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", "Unassigned"), *owners]  # type: ignore[attr-defined]


class BulkOwnerForm(forms.Form):
    """Whom all chosen leads are assigned to; nobody is preselected, and "unassigned" is a choice like the others."""

    UNASSIGN = "none"
    owner = forms.TypedChoiceField(
        coerce=lambda value: None if value == "none" else User.objects.get(pk=value),
        empty_value=None,
        label="Owner",
        error_messages={"required": "Choose who is to own them."},
    )

    def __init__(self, *args: Any, owners: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Choose an owner"), *owners, (self.UNASSIGN, "Unassigned, and left so")]
        self.fields["owner"].choices = choices  # type: ignore[attr-defined]


class BulkFollowUpForm(forms.Form):
    """One follow-up for each of the chosen leads."""

    task = forms.CharField(label="What to do", max_length=200, error_messages={"required": "Enter what to do."})
    due_at = InstantField(label="Due", error_messages={"required": "Choose a date and time."})
    owner = forms.TypedChoiceField(
        required=False, coerce=lambda pk: User.objects.get(pk=pk), empty_value=None, label="Owner"
    )

    def __init__(self, *args: Any, owners: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "The owner of each lead, or me"), *owners]
        self.fields["owner"].choices = choices  # type: ignore[attr-defined]


class ChangeStatusForm(ClosingForm):
    """A status change; `seen` is the displayed status.

    A mismatch with the stored status means a concurrent change, which is not overwritten.
    """

    seen = forms.ChoiceField(choices=LeadStatus.choices, widget=forms.HiddenInput)
    to = forms.TypedChoiceField(choices=LeadStatus.choices, coerce=LeadStatus, widget=forms.HiddenInput)
    open_work = open_work_field()


class OutreachForm(forms.Form):
    outcome = forms.TypedChoiceField(
        choices=[(outcome.value, outcome.label) for outcome in OUTREACH_OUTCOMES],
        coerce=CallOutcome,
        label="Outcome",
    )
    note = note_field()


class TagForm(forms.Form):
    tag = forms.ModelChoiceField(Tag.objects.all(), label="Tag", empty_label=None)


class EraseForm(forms.Form):
    asked = forms.BooleanField(label="They asked for this themselves. I understand it can’t be undone.")


class AddressWorksForm(forms.Form):
    channel = forms.TypedChoiceField(choices=Channel.choices, coerce=Channel)


class ConsentForm(forms.Form):
    """Consent granted or revoked on the phone or by e-mail.

    Excludes the required consents: staff never agree to the terms on behalf of a lead.
    """

    purpose = forms.TypedChoiceField(
        choices=[(purpose.value, purpose.label) for purpose in OPTIONAL_CONSENTS],
        coerce=ConsentPurpose,
        label="Consent to",
    )
    agrees = forms.TypedChoiceField(
        choices=[("no", "Withdraws consent"), ("yes", "Gives consent")],
        coerce=lambda value: value == "yes",
        label="They now",
    )
    channel = forms.TypedChoiceField(
        choices=[(channel.value, channel.label) for channel in (ConsentChannel.PHONE, ConsentChannel.EMAIL)],
        coerce=ConsentChannel,
        label="How they told us",
    )


class NoteForm(forms.Form):
    text = forms.CharField(
        max_length=LONGEST_NOTE,
        label="Note",
        widget=forms.Textarea({"rows": 3, "data-draft": ""}),
        error_messages={"required": "Enter a note."},
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    supersedes = forms.ModelChoiceField(
        Note.objects.all(), required=False, to_field_name="public_id", widget=forms.HiddenInput
    )


class BulkStatusForm(ClosingForm):
    to = forms.TypedChoiceField(
        choices=[(status.value, status.label) for status in BULK_TARGETS], coerce=LeadStatus, label="New status"
    )
    field_order = ["to", "reason", "open_work"]
    open_work = open_work_field()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("to") == LeadStatus.CLOSED and not data.get("reason"):
            self.add_error("reason", "Enter a close reason.")
        return data


class BulkTagForm(TagForm):
    tag = forms.ModelChoiceField(Tag.objects.filter(is_active=True), label="Tag", empty_label=None)
