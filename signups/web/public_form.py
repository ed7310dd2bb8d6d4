"""Base of the forms that anonymous visitors submit."""

from typing import Any

from crispy_forms.layout import Div
from django import forms

from signups.ops import honeypot

from . import timed_token

TRAP, TRAP_ASKED = "aq_7", "aq_8"  # names that no form-filler or password manager knows
HONEYPOT = Div(TRAP, TRAP_ASKED, hidden=True)


class PublicForm(timed_token.TimedTokenForm):
    """A form with replay detection and a honeypot field.

    A replay is recognized by its timed token, a script by the hidden field `TRAP`. Programs fill in hidden fields for
    people too, so a filled one is emptied and the form asked for once more; then it is taken, whatever the field holds.
    """

    has_trap = True

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source
        if self.has_trap:
            self._add_trap()

    def _add_trap(self) -> None:
        empty = forms.TextInput({"autocomplete": "off", "tabindex": "-1"})
        self.fields[TRAP] = forms.CharField(required=False, label="Leave this empty", widget=empty)
        self.fields[TRAP_ASKED] = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Ask once more when the trap is filled, or was not sent: every browser sends it, and sends it empty."""
        data = super().clean() or {}
        if not self.has_trap:
            return data
        if TRAP not in self.data:
            self.add_error(None, "Something went wrong. Please submit the form again.")
        elif self.data[TRAP]:
            honeypot.record_hit()
            if not self.data.get(TRAP_ASKED):
                self.data = {name: self.data.get(name) for name in self.data} | {TRAP: "", TRAP_ASKED: "1"}
                self.add_error(None, "Please submit the form once more.")
        return data


def ask_once(form: forms.Form, field: str, value: str, message: str) -> None:
    """Raise ValidationError the first time that the form is submitted with this value of `field`.

    The hidden field `kept_<field>` remembers the value in the page that is shown next.
    """
    kept = f"kept_{field}"
    if kept in form.fields and form.data.get(kept) != value:
        form.data = {name: form.data.get(name) for name in form.data} | {kept: value}
        raise forms.ValidationError(message)


def clean_with(rule: Any, *values: str) -> str:
    """Return `rule(*values)`, turning ValueError into ValidationError."""
    try:
        result: str = rule(*values)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from None
    return result
