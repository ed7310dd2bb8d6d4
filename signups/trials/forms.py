"""Sign-up and waitlist forms: contact data and consents, no clinical questions."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from crispy_forms.layout import HTML, Div, Fieldset
from django import forms

from clinic.lib import email_domains, normalization, zone_inference
from signups.consents.choices import REQUIRED_CONSENTS, ConsentPurpose
from signups.leads.choices import Channel
from signups.offer import current_offer
from signups.web import form_fields
from signups.web.public_form import ask_once, clean_with

from . import waitlist
from .actions import request_trial, was_trial_requested

# Channel -> its consent, and what is said when the box is not checked.
CHANNEL_CONSENTS = {
    Channel.CALL: (ConsentPurpose.CALLS, "Check the box to let us call you, or choose email instead."),
    Channel.TEXT: (ConsentPurpose.TEXTS, "Check the box to let us text you, or choose email instead."),
}


class TrialForm(form_fields.TimedPublicForm):
    """The sign-up form of a minute. What only a phone call or a text needs is shown once that channel is chosen."""

    button = "Start my free trial"
    state = form_fields.state_field()
    name = form_fields.name_field()
    email = form_fields.email_field("We’ll email you a link. Your trial does not start until you open it and confirm.")
    # The address that the typo check asked about: submitted again, it is accepted.
    kept_email = form_fields.kept_field()
    preferred_channel = forms.ChoiceField(
        label="How would you like us to contact you?",
        choices=Channel.choices,
        initial=Channel.EMAIL,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how you’d like us to contact you."},
    )
    phone = form_fields.phone_field()
    kept_phone = form_fields.kept_field()
    time_zone = form_fields.ZoneField(
        label="Your time zone", required=False, help_text="So we never call you at night.", empty_label="As in my state"
    )
    best_time = form_fields.best_time_field()
    terms = forms.BooleanField(
        label="I am 18 or older, and I agree to the terms",
        error_messages={"required": "Check the box to confirm that you are 18 or older and agree to the terms."},
    )
    privacy = forms.BooleanField(
        label="I have read the privacy notice",
        error_messages={"required": "Check the box to confirm that you’ve read the privacy notice."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer = current_offer()
        for purpose, _ in CHANNEL_CONSENTS.values():
            self.fields[purpose.value] = form_fields.consent_field(purpose, CONSENT_LABELS[purpose], self.offer)
        self.fields["preferred_channel"].choices = form_fields.offered_channels()  # type: ignore[attr-defined]
        form_fields.offer_served_states(self.fields["state"], self.offer)  # type: ignore[arg-type]
        self.fields["best_time"].widget.choices = form_fields.offered_parts_of_day(self.offer, self.offer.time_zone)
        if not self.is_bound:
            self.fields["time_zone"].widget.attrs["data-guess"] = ""  # a script fills in the browser's time zone

    def parts(self) -> Iterable[Any]:
        links = HTML("{% include 'public/_consent_links.html' %}")
        return (
            "state",
            HTML("{% include 'public/_elsewhere.html' %}"),
            *("name", "email", "kept_email", "preferred_channel"),
            Div("phone", "kept_phone", "time_zone", css_class="for-phone"),
            Div("best_time", "calls", css_class="for-call"),
            Div("texts", css_class="for-text"),
            Fieldset("What you agree to", links, "terms", "privacy"),
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

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        channel = data.get("preferred_channel", "")
        if channel == Channel.EMAIL:  # what the page does not show is not asked, whatever was typed before
            data |= {"phone": "", "time_zone": data.get("time_zone", "")}
            for hidden in ("phone", "time_zone"):
                self.errors.pop(hidden, None)
        form_fields.clean_phone_for_channel(self, data, self.offer.phone_region)
        for needs, (consent, message) in CHANNEL_CONSENTS.items():
            if needs != channel:
                data[consent] = False
            elif not data.get(consent):
                self.add_error(consent, message)
        data["zone_is_guessed"] = False
        if not data.get("time_zone") and "time_zone" not in self.errors:
            hints = data.get("state", ""), data["phone_e164"]
            data["time_zone"], data["zone_is_guessed"] = zone_inference.zone_from_hints(
                *hints, default=self.offer.time_zone
            )
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
        optional = (purpose for purpose, _ in CHANNEL_CONSENTS.values() if self.cleaned_data[purpose])
        agreed = [*REQUIRED_CONSENTS, *optional]
        request_trial(
            **lead_data, agreed=agreed, first_touch_source=self.source, form_key=self.cleaned_data["stamp"], now=now
        )


LEAD_FIELDS = (
    *("name", "email", "phone", "phone_e164", "phone_extension", "preferred_channel", "best_time", "time_zone"),
    *("zone_is_guessed", "state"),
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
