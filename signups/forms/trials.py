"""The form that starts a trial: contact facts and two consents, no clinical question, no payment."""

import datetime as dt
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Fieldset, Layout, Submit
from django import forms

from signups import normalise, terms, zones
from signups.actions import trials
from signups.states import NEEDS_PHONE, Channel

from .visitors import VisitorForm, said


class TrialForm(VisitorForm):
    name = forms.CharField(
        label="Your name",
        max_length=100,
        widget=forms.TextInput({"autocomplete": "name"}),
        error_messages={"required": "Enter your name."},
    )
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="We send a link to this address. Nothing starts until you use it.",
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}),
        error_messages={
            "required": "Enter your e-mail address.",
            "invalid": "Enter an e-mail address like name@example.com.",
        },
    )
    preferred_channel = forms.ChoiceField(
        label="How should we reach you?",
        choices=Channel.choices,
        initial=Channel.EMAIL,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how we should reach you."},
    )
    phone = forms.CharField(
        label="Phone number",
        required=False,
        max_length=40,
        help_text="Only needed if you chose a call or a text message. Any format will do.",
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
    )
    time_zone = forms.ChoiceField(
        label="Your time zone",
        choices=zones.choices,
        help_text="So that we never call at night.",
        widget=forms.Select,
        error_messages={"required": "Choose your time zone."},
    )
    terms = forms.BooleanField(
        label="I agree to the terms",
        error_messages={"required": "Agree to the terms to start. They are one short page."},
    )
    privacy = forms.BooleanField(
        label="I have read the privacy notice and agree to it",
        error_messages={"required": "Agree to the privacy notice to start."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer = terms.current()
        self.fields["time_zone"].initial = self.offer.time_zone
        if not self.is_bound:
            self.fields["time_zone"].widget.attrs["data-guess"] = ""  # the browser's own zone, where a script may ask
        self.helper = FormHelper()
        self.helper.layout = Layout(
            "stamp",
            Div("website", hidden=True),
            "name",
            "email",
            "preferred_channel",
            "phone",
            "time_zone",
            Fieldset("What you agree to", HTML("{% include 'signups/_consent_links.html' %}"), "terms", "privacy"),
            Submit("start", "Start my free days"),
        )

    def clean_name(self) -> str:
        return said(normalise.name, self.cleaned_data["name"])

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        said(normalise.email_key, email)
        return email

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["phone_e164"] = ""
        if data.get("phone"):
            try:
                data["phone_e164"] = said(normalise.phone_e164, data["phone"], self.offer.phone_region)
            except forms.ValidationError as error:
                self.add_error("phone", error)
        elif data.get("preferred_channel") in NEEDS_PHONE and "phone" not in self.errors:
            self.add_error("phone", "Enter a phone number, or choose e-mail.")
        return data

    def is_replay(self) -> bool:
        """This very form was sent before (a double click, the back button): its answer is the same."""
        return trials.was_requested(form_key=self.cleaned_data["stamp"], email=self.cleaned_data["email"])

    def save(self, *, now: dt.datetime) -> None:
        fields = ("name", "email", "phone", "phone_e164", "preferred_channel", "time_zone")
        told = {name: self.cleaned_data[name] for name in fields}
        trials.request(**told, source=self.source, form_key=self.cleaned_data["stamp"], now=now)
