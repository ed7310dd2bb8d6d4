"""What every form that a stranger may send has in common."""

from typing import Any

from django import forms

from . import timed_token


class PublicForm(timed_token.TimedTokenForm):
    """Knows a replay by its stamp, and a script by the field that no person sees."""

    website = forms.CharField(
        required=False, label="Leave this empty", widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"})
    )

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source

    def clean_website(self) -> str:
        """Sent by every browser, and empty: whoever leaves the field out or fills it in is a script."""
        if "website" not in self.data:
            raise forms.ValidationError("Something was missing from the form. Please press the button once more.")
        if self.cleaned_data["website"]:
            raise forms.ValidationError("Please leave the last field empty.")
        return ""


def clean_with(rule: Any, *values: str) -> str:
    """What `rule` returns; its ValueError in the form's own kind."""
    try:
        result: str = rule(*values)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from None
    return result
