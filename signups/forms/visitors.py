"""What every form that a stranger may send has in common."""

from typing import Any

from django import forms

from . import stamps


class VisitorForm(forms.Form):
    """Knows a replay by its stamp, and a script by the field that no person sees."""

    stamp = stamps.StampField(required=False)
    website = forms.CharField(
        required=False, label="Leave this empty", widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"})
    )

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source
        self.fields["stamp"].initial = stamps.new

    def clean_website(self) -> str:
        """Sent by every browser, and empty: whoever leaves the field out or fills it in is a script."""
        if "website" not in self.data:
            raise forms.ValidationError("Something was missing from the form. Please press the button once more.")
        if self.cleaned_data["website"]:
            raise forms.ValidationError("Please leave the last field empty.")
        return ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.has_error("stamp", stamps.STALE):
            # The page shown next carries one that works.
            self.data = {name: self.data.get(name) for name in self.data} | {"stamp": stamps.new()}
        return data


def said(rule: Any, *values: str) -> str:
    """What `rule` returns; its ValueError in the form's own kind."""
    try:
        result: str = rule(*values)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from None
    return result
