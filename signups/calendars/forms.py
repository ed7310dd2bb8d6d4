"""Forms that connect a host's calendar."""

from typing import Any

from django import forms

from .caldav_client import FoundCalendar

HTTPS_ONLY = {"required": "Enter the address.", "invalid": "Enter the whole address, beginning with https://."}


class LinkForm(forms.Form):
    """A private calendar link, as Google, Outlook and iCloud give it."""

    url = forms.URLField(
        label="Private calendar link",
        max_length=2000,
        assume_scheme="https",
        help_text="In your calendar app’s settings: “secret address in iCal format” or “publish calendar (ICS)”.",
        error_messages=HTTPS_ONLY,
    )


class AccountForm(forms.Form):
    """A CalDAV account; `url` is the server or one calendar of it."""

    url = forms.URLField(label="Server address", max_length=2000, assume_scheme="https", error_messages=HTTPS_ONLY)
    username = forms.CharField(label="User name", max_length=200)
    password = forms.CharField(
        label="App password",
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Use a password made for this app alone, so that you can revoke it.",
    )


class ChooseCalendarForm(AccountForm):
    """One of the calendars found at the server; rendered with the password, for this one page."""

    url = forms.ChoiceField(label="Calendar")  # type: ignore[assignment]  # a choice instead of what was typed
    password = forms.CharField(max_length=500, widget=forms.PasswordInput(render_value=True))

    def __init__(self, data: Any, *, found: list[FoundCalendar]) -> None:
        super().__init__({**data.dict(), "url": found[0].url if found else ""})
        self.fields["url"].choices = [(one.url, one.name) for one in found]  # type: ignore[attr-defined]
