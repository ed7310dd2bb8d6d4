"""Sign-up and waitlist forms: contact data and consents, no clinical questions."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from crispy_forms.layout import HTML, Fieldset
from django import forms

from clinic.lib import normalization
from signups.consents.choices import OPTIONAL_CONSENTS, REQUIRED_CONSENTS, ConsentPurpose
from signups.leads.choices import CareFor, Channel, PartOfDay
from signups.offer import current_offer
from signups.web import form_fields
from signups.web.public_form import clean_with

from . import waitlist
from .actions import request_trial, was_trial_requested

# Consent that a channel requires besides a phone number.
CHANNEL_CONSENTS = {
    Channel.CALL: ("calls", "Tick that we may call you, or choose e-mail."),
    Channel.TEXT: ("texts", "Tick that we may text you, or choose e-mail."),
}


class TrialForm(form_fields.TimedPublicForm):
    button = "Start my free days"
    name = form_fields.name_field()
    email = form_fields.email_field("We send a link to this address. Nothing starts until you use it.")
    # The address that the typo check asked about: submitted again, it is accepted.
    kept_email = forms.CharField(required=False, max_length=254, widget=forms.HiddenInput)
    state = form_fields.state_field()
    signing_up_for = forms.ChoiceField(
        label="Who is it for?",
        choices=CareFor.choices,
        initial=CareFor.SELF,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose who it is for."},
    )
    preferred_channel = forms.ChoiceField(
        label="How should we reach you?",
        choices=Channel.choices,
        initial=Channel.EMAIL,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how we should reach you."},
    )
    phone = form_fields.phone_field()
    best_time = forms.ChoiceField(label="Best time to call", choices=PartOfDay.choices, initial=PartOfDay.ANY)
    time_zone = form_fields.ZoneField(
        label="Your time zone",
        help_text="So that we never call at night.",
        error_messages={"required": "Choose your time zone."},
    )
    referral_answer = forms.CharField(
        label="How did you hear of us?",
        required=False,
        max_length=200,
        help_text="A few words. Please write nothing about your health or medicines.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    adult = forms.BooleanField(
        label="I am 18 or older", error_messages={"required": "You must be 18 or older to start."}
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
        self.offer = current_offer()
        for purpose, label in CONSENT_LABELS.items():
            self.fields[purpose.value] = form_fields.consent_field(purpose, label, self.offer)
        self.fields["time_zone"].initial = self.offer.time_zone
        if not self.is_bound:
            self.fields["time_zone"].widget.attrs["data-guess"] = ""  # a script fills in the browser's time zone

    def parts(self) -> Iterable[Any]:
        contact = ("preferred_channel", "phone", "calls", "texts", "best_time", "time_zone")
        links = HTML("{% include 'public/_consent_links.html' %}")
        return (
            *("name", "email", "kept_email", "state", "signing_up_for"),
            Fieldset("How to reach you", *contact),
            Fieldset("What you agree to", links, "adult", "terms", "privacy"),
            Fieldset("If you like", "referral_answer", "news"),
        )

    def clean_name(self) -> str:
        return clean_with(normalization.clean_name, self.cleaned_data["name"])

    def clean_email(self) -> str:
        """Ask once about a likely typo; accept the address when it is submitted again."""
        email: str = self.cleaned_data["email"]
        clean_with(normalization.strict_email_key, email)
        suggestion = normalization.suggest_email_correction(email)
        if suggestion and self.data.get("kept_email") != email:
            self.data = {name: self.data.get(name) for name in self.data} | {"kept_email": email}
            raise forms.ValidationError(
                f"Did you mean {suggestion}? Change it, or press the button again if {email} is right."
            )
        return email

    def clean_referral_answer(self) -> str:
        return normalization.single_line(self.cleaned_data["referral_answer"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        form_fields.clean_phone_for_channel(self, data, self.offer.phone_region)
        consent, message = CHANNEL_CONSENTS.get(data.get("preferred_channel", ""), ("", ""))
        if consent and not data.get(consent):
            self.add_error(consent, message)
        return data

    def lives_elsewhere(self) -> bool:
        """Return whether the state is outside the service area, even in an invalid form."""
        state = self.cleaned_data.get("state", "")
        return bool(state and self.offer.states) and state not in self.offer.states

    def is_replay(self) -> bool:
        """Return whether this submission was already processed.

        Happens on a double click or with the back button; the response is the same.
        """
        return was_trial_requested(form_key=self.cleaned_data["stamp"], email=self.cleaned_data["email"])

    def save(self, *, now: dt.datetime) -> None:
        lead_data = {name: self.cleaned_data[name] for name in LEAD_FIELDS}
        agreed = [*REQUIRED_CONSENTS, *(purpose for purpose in OPTIONAL_CONSENTS if self.cleaned_data[purpose])]
        request_trial(
            **lead_data, agreed=agreed, first_touch_source=self.source, form_key=self.cleaned_data["stamp"], now=now
        )


LEAD_FIELDS = (
    *("name", "email", "phone", "phone_e164", "preferred_channel", "best_time", "time_zone"),
    *("state", "signing_up_for", "referral_answer"),
)
CONSENT_LABELS = {
    ConsentPurpose.CALLS: "You may call me",
    ConsentPurpose.TEXTS: "You may text me",
    ConsentPurpose.NEWS: "Send me news by e-mail",
}


class WaitlistForm(form_fields.TimedPublicForm):
    """Form of the waitlist for states that the clinic does not serve."""

    name = form_fields.name_field()
    email = form_fields.email_field("We write to it once: when we open where you live.")
    state = form_fields.state_field()
    button = "Tell me when you open here"
    action = "waitlist"

    clean_name = TrialForm.clean_name

    def is_replay(self) -> bool:
        return was_trial_requested(form_key=self.cleaned_data["stamp"], email=self.cleaned_data["email"])

    def clean_email(self) -> str:
        clean_with(normalization.strict_email_key, self.cleaned_data["email"])
        return str(self.cleaned_data["email"])

    def save(self, *, now: dt.datetime) -> None:
        lead_data = {name: self.cleaned_data[name] for name in ("name", "email", "state")}
        waitlist.join_waitlist(**lead_data, form_key=self.cleaned_data["stamp"], now=now)
