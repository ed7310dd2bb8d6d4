from typing import Any

from django import forms

from signups.models import Lead

KEPT, OTHER = "kept", "other"


class MergeForm(forms.Form):
    """For each thing that both have, whose is kept. What is empty on one side is taken from the other by default."""

    def __init__(self, *args: Any, lead: Lead, other: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, label in {"name": "Name", "email": "E-mail", "phone": "Phone", "owner": "Owner"}.items():
            values = [(KEPT, getattr(lead, key)), (OTHER, getattr(other, key))]
            self.fields[key] = forms.ChoiceField(
                choices=[(side, str(value or "none")) for side, value in values],
                initial=KEPT if getattr(lead, key) else OTHER,
                widget=forms.RadioSelect,
                label=label,
            )

    def from_other(self) -> set[str]:
        return {key for key, side in self.cleaned_data.items() if side == OTHER}
