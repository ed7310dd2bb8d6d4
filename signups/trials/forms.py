"""Sign-up and waitlist forms: contact data and consents, no clinical questions."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from crispy_forms.layout import HTML, Fieldset
from django import forms

from clinic.lib import email_domains, normalization
from signups.consents.choices import OPTIONAL_CONSENTS, REQUIRED_CONSENTS, ConsentPurpose
from signups.leads.choices import CareFor, Channel, PartOfDay
from signups.offer import current_offer
from signups.web import form_fields
from signups.web.public_form import ask_once, clean_with

from . import waitlist
from .actions import request_trial, was_trial_requested

# Consent that a channel requires besides a phone number.
CHANNEL_CONSENTS = {
    Channel.CALL: ("calls", "Check the box to let us call you, or choose email instead."),
    Channel.TEXT: ("texts", "Check the box to let us text you, or choose email instead."),
}


class TrialForm(form_fields.TimedPublicForm):
    button = "Start my free trial"
    name = form_fields.name_field()
    email = form_fields.email_field("We’ll email you a link. Your trial does not start until you open it and confirm.")
    # The address that the typo check asked about: submitted again, it is accepted.
    kept_email = form_fields.kept_field()
    state = form_fields.state_field()
    signing_up_for = forms.ChoiceField(
        label="Who is the trial for?",
        choices=CareFor.choices,
        initial=CareFor.SELF,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose who the trial is for."},
    )
    preferred_channel = forms.ChoiceField(
        label="How would you like us to contact you?",
        choices=Channel.choices,
        initial=Channel.EMAIL,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how you’d like us to contact you."},
    )
    phone = form_fields.phone_field()
    kept_phone = form_fields.kept_field()
    best_time = forms.ChoiceField(label="Best time to call", choices=PartOfDay.choices, initial=PartOfDay.ANY)
    time_zone = form_fields.ZoneField(
        label="Your time zone",
        help_text="So we never call you at night.",
        error_messages={"required": "Select your time zone."},
    )
    referral_answer = forms.CharField(
        label="How did you hear about us?",
        required=False,
        max_length=200,
        help_text="A few words is fine. Please do not include anything about your health or medicines.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    adult = forms.BooleanField(
        label="I am 18 or older", error_messages={"required": "Check the box to confirm that you are 18 or older."}
    )
    terms = forms.BooleanField(
        label="I agree to the terms",
        error_messages={"required": "Check the box to agree to the terms."},
    )
    privacy = forms.BooleanField(
        label="I have read the privacy notice",
        error_messages={"required": "Check the box to confirm that you’ve read the privacy notice."},
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
        contact = ("preferred_channel", "phone", "kept_phone", "calls", "texts", "best_time", "time_zone")
        links = HTML("{% include 'public/_consent_links.html' %}")
        return (
            *("name", "email", "kept_email", "state", "signing_up_for"),
            Fieldset("Contact preferences", *contact),
            Fieldset("What you agree to", links, "adult", "terms", "privacy"),
            Fieldset("Optional", "referral_answer", "news"),
        )

    def clean_name(self) -> str:
        return clean_with(normalization.clean_name, self.cleaned_data["name"])

    def clean_email(self) -> str:
        """Ask once about a likely typo; accept the address when it is submitted again."""
        email: str = self.cleaned_data["email"]
        if suggestion := email_domains.suggest_email_correction(email):
            question = f"Did you mean {suggestion}? Correct it, or submit again if {email} is right."
            ask_once(self, "email", email, question)
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
    *("name", "email", "phone", "phone_e164", "phone_extension", "preferred_channel", "best_time", "time_zone"),
    *("state", "signing_up_for", "referral_answer"),
)
CONSENT_LABELS = {
    ConsentPurpose.CALLS: "I agree to get phone calls from {clinic}",
    ConsentPurpose.TEXTS: "I agree to get text messages from {clinic}",
    ConsentPurpose.NEWS: "Email me news and updates",
}


class WaitlistForm(form_fields.TimedPublicForm):
    """Form of the waitlist for states that the clinic does not serve."""

    name = form_fields.name_field()
    email = form_fields.email_field("We’ll email you once, when we open in your state.")
    state = form_fields.state_field()
    button = "Notify me"
    action = "waitlist"

    clean_name = TrialForm.clean_name

    def is_replay(self) -> bool:
        return was_trial_requested(form_key=self.cleaned_data["stamp"], email=self.cleaned_data["email"])

    def save(self, *, now: dt.datetime) -> None:
        lead_data = {name: self.cleaned_data[name] for name in ("name", "email", "state")}
        waitlist.join_waitlist(**lead_data, form_key=self.cleaned_data["stamp"], now=now)
