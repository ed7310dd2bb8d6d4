"""The form that starts a trial: contact facts and agreements, no clinical question, no payment."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from crispy_forms.layout import HTML, Fieldset
from django import forms

from signups import normalise, terms
from signups.actions import openings, trials
from signups.states import FREE, NEEDED, CareFor, Channel, PartOfDay, Purpose

from . import public
from .visitors import said

# What a channel needs besides a number.
AGREEMENTS = {
    Channel.CALL: ("calls", "Tick that we may call you, or choose e-mail."),
    Channel.TEXT: ("texts", "Tick that we may text you, or choose e-mail."),
}


class TrialForm(public.StampedForm):
    button = "Start my free days"
    name = public.name_field()
    email = public.email_field("We send a link to this address. Nothing starts until you use it.")
    # The address about which was asked “did you mean …?”: sent again, it is taken as it is.
    kept_email = forms.CharField(required=False, max_length=254, widget=forms.HiddenInput)
    state = public.state_field()
    care_for = forms.ChoiceField(
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
    phone = public.phone_field()
    best_time = forms.ChoiceField(label="Best time to call", choices=PartOfDay.choices, initial=PartOfDay.ANY)
    time_zone = public.ZoneField(
        label="Your time zone",
        help_text="So that we never call at night.",
        error_messages={"required": "Choose your time zone."},
    )
    heard_from = forms.CharField(
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
        self.offer = terms.current()
        for purpose, label in LABELS.items():
            self.fields[purpose.value] = public.agreement(purpose, label, self.offer)
        self.fields["time_zone"].initial = self.offer.time_zone
        if not self.is_bound:
            self.fields["time_zone"].widget.attrs["data-guess"] = ""  # the browser's own zone, where a script may ask

    def parts(self) -> Iterable[Any]:
        reach = ("preferred_channel", "phone", "calls", "texts", "best_time", "time_zone")
        links = HTML("{% include 'signups/_consent_links.html' %}")
        return (
            *("name", "email", "kept_email", "state", "care_for"),
            Fieldset("How to reach you", *reach),
            Fieldset("What you agree to", links, "adult", "terms", "privacy"),
            Fieldset("If you like", "heard_from", "news"),
        )

    def clean_name(self) -> str:
        return said(normalise.name, self.cleaned_data["name"])

    def clean_email(self) -> str:
        """An address with a likely slip is asked about once; who sends it again means it."""
        email: str = self.cleaned_data["email"]
        said(normalise.new_email_key, email)
        likelier = normalise.likelier_email(email)
        if likelier and self.data.get("kept_email") != email:
            self.data = {name: self.data.get(name) for name in self.data} | {"kept_email": email}
            raise forms.ValidationError(
                f"Did you mean {likelier}? Change it, or press the button again if {email} is right."
            )
        return email

    def clean_heard_from(self) -> str:
        return normalise.line(self.cleaned_data["heard_from"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        public.clean_reach(self, data, self.offer.phone_region)
        agreement, message = AGREEMENTS.get(data.get("preferred_channel", ""), ("", ""))
        if agreement and not data.get(agreement):
            self.add_error(agreement, message)
        return data

    def lives_elsewhere(self) -> bool:
        """In a state the clinic does not work in, whatever else is right or wrong about the form."""
        state = self.cleaned_data.get("state", "")
        return bool(state and self.offer.states) and state not in self.offer.states

    def is_replay(self) -> bool:
        """This very form was sent before (a double click, the back button): its answer is the same."""
        return trials.was_requested(form_key=self.cleaned_data["stamp"], email=self.cleaned_data["email"])

    def save(self, *, now: dt.datetime) -> None:
        told = {name: self.cleaned_data[name] for name in TOLD}
        agreed = [*NEEDED, *(purpose for purpose in FREE if self.cleaned_data[purpose])]
        trials.request(**told, agreed=agreed, source=self.source, form_key=self.cleaned_data["stamp"], now=now)


TOLD = (
    *("name", "email", "phone", "phone_e164", "preferred_channel", "best_time", "time_zone"),
    *("state", "care_for", "heard_from"),
)
LABELS = {
    Purpose.CALLS: "You may call me",
    Purpose.TEXTS: "You may text me",
    Purpose.NEWS: "Send me news by e-mail",
}


class OpeningForm(public.StampedForm):
    """“Tell me when you open where I live.”"""

    name = public.name_field()
    email = public.email_field("We write to it once: when we open where you live.")
    state = public.state_field()
    button = "Tell me when you open here"
    action = "elsewhere"

    clean_name = TrialForm.clean_name

    def is_replay(self) -> bool:
        return trials.was_requested(form_key=self.cleaned_data["stamp"], email=self.cleaned_data["email"])

    def clean_email(self) -> str:
        said(normalise.new_email_key, self.cleaned_data["email"])
        return str(self.cleaned_data["email"])

    def save(self, *, now: dt.datetime) -> None:
        told = {name: self.cleaned_data[name] for name in ("name", "email", "state")}
        openings.ask(**told, form_key=self.cleaned_data["stamp"], now=now)
