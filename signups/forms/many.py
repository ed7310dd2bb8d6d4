"""What staff fill in about many leads at once."""

from typing import Any

from django import forms

from signups.models import Tag
from signups.states import LeadStatus

from .desk import OwnerForm, TagForm

TARGETS = (LeadStatus.CONTACTED, LeadStatus.QUALIFIED, LeadStatus.CLOSED)  # (converting is one trial's deed)


class ManyOwnerForm(OwnerForm):
    """Whose they become; “nobody” gives them back."""


class ManyMoveForm(forms.Form):
    to = forms.TypedChoiceField(choices=[(way.value, way.label) for way in TARGETS], coerce=LeadStatus, label="Move to")
    reason = forms.CharField(required=False, max_length=200, label="Why are they closed? (needed to close)")

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("to") == LeadStatus.CLOSED and not told.get("reason"):
            self.add_error("reason", "Say why they are closed.")
        return told


class ManyTagForm(TagForm):
    tag = forms.ModelChoiceField(Tag.objects.filter(offered=True), label="Tag", empty_label=None)
