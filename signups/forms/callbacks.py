"""The forms that ask for a call: from the site, and from somebody's own page. No question about health."""

import datetime as dt
from dataclasses import fields
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Fieldset, Layout, Submit
from django import forms

from signups import normalise, terms
from signups.actions import callbacks
from signups.models import Lead
from signups.states import ConsentChannel, PartOfDay, Purpose, Topic

from . import public
from .visitors import VisitorForm, said


class CallbackForm(VisitorForm):
    """From the site: nobody has to give an e-mail address to be called."""

    first: tuple[Any, ...] = ("stamp", Div("website", hidden=True), "name")
    name = public.name_field()
    phone = forms.CharField(
        label="Phone number",
        max_length=40,
        help_text="Any format will do.",
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
        error_messages={"required": "Enter a phone number, such as 212 555 0123."},
    )
    time_zone = public.ZoneField(
        label="Your time zone",
        help_text="So that we never call at night.",
        error_messages={"required": "Choose your time zone."},
    )
    best_time = forms.ChoiceField(
        label="What time suits you best?",
        choices=PartOfDay.choices,
        initial=PartOfDay.ANY,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a time of day."},
    )
    topic = forms.ChoiceField(
        label="What would you like to talk about?",
        choices=Topic.choices,
        initial=Topic.PROGRAM,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what you would like to talk about."},
    )
    calls = forms.BooleanField(
        label="Yes, call me about this request",
        error_messages={"required": "Tick the box to let us call you. Without it we may not."},
    )

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.clinic = terms.current()
        self.fields["time_zone"].initial = self.clinic.time_zone
        self.fields["calls"].help_text = self.clinic.documents[Purpose.CALLBACKS].text
        if not self.is_bound:
            self.fields["time_zone"].widget.attrs["data-guess"] = ""
        asked = (*self.first, "phone", "time_zone", "best_time", "topic")
        self.helper = FormHelper()
        self.helper.layout = Layout(*asked, Fieldset("What you agree to", "calls"), Submit("ask", "Ask for a call"))

    def clean_name(self) -> str:
        return said(normalise.name, self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            data["phone_e164"] = said(normalise.phone_e164, data.get("phone", ""), self.clinic.phone_region)
        except forms.ValidationError as error:
            if "phone" in data:
                self.add_error("phone", error)
        try:
            self.due = callbacks.due(self.now, data.get("time_zone", self.clinic.time_zone))
        except callbacks.Refused as refused:
            self.add_error("time_zone", str(refused))
        return data

    def is_replay(self) -> bool:
        """This very form was sent before (a double click, the back button): its answer is the same."""
        data = self.cleaned_data
        return callbacks.was_requested(form_key=data["stamp"], phone_e164=data["phone_e164"])

    def save(self) -> None:
        data = self.cleaned_data
        callbacks.request(self.wish(), name=data["name"], source=self.source, form_key=data["stamp"], now=self.now)

    def wish(self) -> callbacks.Wish:
        return callbacks.Wish(**{field.name: self.cleaned_data[field.name] for field in fields(callbacks.Wish)})


class MyCallbackForm(CallbackForm):
    """From somebody's own page: we know who they are."""

    first = ("stamp",)
    name = None  # type: ignore[assignment]
    website = None  # type: ignore[assignment]

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        known = {"phone": lead.phone, "time_zone": lead.time_zone, "best_time": lead.best_time}
        super().__init__(*args, initial=known, **kwargs)
        self.lead = lead
        self.fields["time_zone"].widget.attrs.pop("data-guess", None)
        self.helper.disable_csrf = True  # the address is the secret, and no cookie is set

    def save(self) -> None:
        callbacks.ask(
            self.lead, self.wish(), channel=ConsentChannel.PAGE, form_key=self.cleaned_data["stamp"], now=self.now
        )
