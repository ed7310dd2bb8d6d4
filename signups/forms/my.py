"""Forms of the patient's own page. Their address is itself the secret, so they carry no CSRF cookie."""

import datetime as dt
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms

from signups import normalise, terms
from signups.actions import consents, details
from signups.models import Lead
from signups.states import FREE, ActorKind, Channel, ConsentChannel, PartOfDay

from . import public
from .trials import LABELS
from .visitors import said


class MyForm(forms.Form):
    """A form about one person."""

    button = ""

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lead = lead
        self.offer = terms.current()
        self.helper = FormHelper()
        self.helper.disable_csrf = True
        self.prepare()
        self.helper.layout = Layout(*self.fields, Submit("save", self.button))

    def prepare(self) -> None:
        """Fields and values that depend on the person."""


class DetailsForm(MyForm):
    button = "Save"
    name = public.name_field()
    preferred_channel = forms.ChoiceField(
        label="How should we reach you?", choices=Channel.choices, widget=forms.RadioSelect
    )
    phone = public.phone_field()
    best_time = forms.ChoiceField(label="Best time to call", choices=PartOfDay.choices)
    time_zone = public.ZoneField(label="Your time zone")

    def prepare(self) -> None:
        self.initial = {name: getattr(self.lead, name) for name in self.fields}

    def clean_name(self) -> str:
        return said(normalise.name, self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        public.clean_reach(self, data, self.offer.phone_region)
        return data

    def save(self, *, now: dt.datetime) -> None:
        fields = ("name", "phone", "phone_e164", "preferred_channel", "best_time", "time_zone")
        told = {name: self.cleaned_data[name] for name in fields}
        details.change(self.lead, **told, by=ActorKind.PATIENT, now=now)


class ChoicesForm(MyForm):
    button = "Save"
    reminders = forms.BooleanField(
        required=False,
        label="Remind me by e-mail when my trial is about to end, and when it has ended",
    )

    def prepare(self) -> None:
        self.fields["reminders"].initial = self.lead.mail_stopped_at is None
        for purpose, label in LABELS.items():
            field = public.agreement(purpose, label, self.offer)
            field.initial = self.lead.agrees_to(purpose)
            self.fields[purpose.value] = field

    def save(self, *, now: dt.datetime) -> None:
        said: dict[str, Any] = {"channel": ConsentChannel.PAGE, "by": ActorKind.PATIENT, "now": now}
        consents.set_reminders(self.lead, wanted=self.cleaned_data["reminders"], by=ActorKind.PATIENT, now=now)
        for purpose in FREE:
            if self.cleaned_data[purpose]:
                consents.grant(self.lead, purpose, **said)
            elif self.fields[purpose].initial:  # (a box left empty is no new word: a call they asked for still comes)
                consents.revoke(self.lead, purpose, **said)


class LostLinkForm(public.StampedForm):
    email = public.email_field("The one you started your trial with.")
    button = "Send me my link"

    def clean_email(self) -> str:
        said(normalise.new_email_key, self.cleaned_data["email"])
        return str(self.cleaned_data["email"])
