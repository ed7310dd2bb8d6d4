"""Base of the forms that anonymous visitors submit."""

from typing import Any

from django import forms

from . import timed_token


class PublicForm(timed_token.TimedTokenForm):
    """A form with replay detection and a honeypot field.

    A replay is recognized by its timed token, a script by the hidden `website` field.
    """

    website = forms.CharField(
        required=False, label="Leave this empty", widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"})
    )

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source

    def clean_website(self) -> str:
        """Reject scripts: every browser sends this hidden field, and sends it empty."""
        if "website" not in self.data:
            raise forms.ValidationError("Something went wrong. Please submit the form again.")
        if self.cleaned_data["website"]:
            raise forms.ValidationError("Something went wrong. Please submit the form again.")
        return ""


def clean_with(rule: Any, *values: str) -> str:
    """Return `rule(*values)`, turning ValueError into ValidationError."""
    try:
        result: str = rule(*values)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from None
    return result
