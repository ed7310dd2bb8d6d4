from typing import Any

from django import forms
from django.contrib.auth.models import User

from signups.leads.models import Lead

KEPT, OTHER = "kept", "other"


class MergeForm(forms.Form):
    """For each differing field, whose value is kept; by default a non-empty one."""

    def __init__(self, *args: Any, lead: Lead, other: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, label in {"name": "Name", "email": "Email", "phone": "Phone", "owner": "Owner"}.items():
            values = [(KEPT, getattr(lead, key)), (OTHER, getattr(other, key))]
            if values[0][1] == values[1][1]:
                continue
            self.fields[key] = forms.ChoiceField(
                choices=[(side, _display_value(value)) for side, value in values],
                initial=KEPT if getattr(lead, key) else OTHER,
                widget=forms.RadioSelect,
                label=label,
            )

    def from_other(self) -> set[str]:
        return {key for key, side in self.cleaned_data.items() if side == OTHER}


def _display_value(value: Any) -> str:
    return (value.get_full_name() if isinstance(value, User) else "") or str(value or "none")
