"""Callback forms of the public site and of the portal; no question about health."""

import datetime as dt
from dataclasses import fields
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout, Submit
from django import forms

from clinic.lib import normalization, time_zones, zone_inference
from signups.audit.choices import ActorKind
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.leads import contact_details, locking
from signups.leads.choices import PartOfDay
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.web import form_fields
from signups.web.public_form import HONEYPOT, PublicForm, ask_once, clean_with

from . import actions
from .actions import CallbackDetails, create_callback, promised_time, request_callback
from .choices import Topic


class CallbackForm(PublicForm):
    """Public callback form; an e-mail address is not required."""

    first: tuple[Any, ...] = ("stamp", HONEYPOT, "name")
    name = form_fields.name_field()
    phone = forms.CharField(
        label="Phone number",
        max_length=40,
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
        error_messages={"required": "Enter a phone number, like 212-555-0123."},
    )
    kept_phone = form_fields.kept_field()
    time_zone = form_fields.ZoneField(
        label="Your time zone", help_text="So we never call you at night.", empty_label="Select your time zone"
    )
    kept_time_zone = form_fields.kept_field()
    best_time = forms.ChoiceField(
        label="What time works best for you?",
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
        error_messages={"required": "Check the box to let us call you. We cannot call without your permission."},
    )

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.clinic = current_offer()
        zone = self.initial.get("time_zone", self.clinic.time_zone)
        self.fields["best_time"].widget.choices = form_fields.offered_parts_of_day(self.clinic, zone)
        self.fields["calls"].help_text = self.clinic.documents[ConsentPurpose.CALLBACKS].text
        if not self.is_bound:
            self.fields["time_zone"].widget.attrs["data-guess"] = ""
        questions = (*self.first, "phone", "kept_phone", "time_zone", "kept_time_zone", "best_time", "topic")
        self.helper = FormHelper()
        self.helper.layout = Layout(*questions, Fieldset("What you agree to", "calls"), Submit("ask", "Request a call"))

    def clean_name(self) -> str:
        return clean_with(normalization.clean_name, self.cleaned_data["name"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        form_fields.clean_phone(self, data, self.clinic.phone_region)
        try:
            self.due = promised_time(self.now, data.get("time_zone", self.clinic.time_zone))
        except locking.ActionError as error:
            self.add_error("time_zone", str(error))
        if (zone := data.get("time_zone")) and zone != self.initial.get("time_zone") and not self.errors:
            self._compare_area_code(zone, data["phone_e164"])
        return data

    def _compare_area_code(self, zone: str, e164: str) -> None:
        """Ask once about a number whose area code is in no zone with the clock of `zone`."""
        zones = zone_inference.zones_of_number(e164)
        if zones and not any(zone_inference.same_clock(zone, other) for other in zones):
            there = time_zones.common_zone_name(zones[0], self.now)
            here = time_zones.common_zone_name(zone, self.now)
            question = f"Your phone number is from an area with {there}. Submit again if you are in {here} now."
            try:
                ask_once(self, "time_zone", zone, question)
            except forms.ValidationError as error:
                self.add_error("time_zone", error)

    def is_replay(self) -> bool:
        """Return whether this submission was already processed.

        Happens on a double click or with the back button; the response is the same.
        """
        data = self.cleaned_data
        return actions.is_replay(form_key=data["stamp"], phone_e164=data["phone_e164"])

    def save(self) -> None:
        data = self.cleaned_data
        request_callback(self.wish(), name=data["name"], source=self.source, form_key=data["stamp"], now=self.now)

    def wish(self) -> CallbackDetails:
        return CallbackDetails(**{field.name: self.cleaned_data[field.name] for field in fields(CallbackDetails)})


class PortalCallbackForm(CallbackForm):
    """Portal callback form; the lead is known from the private link."""

    first = ("stamp",)
    name = None  # type: ignore[assignment]
    has_trap = False

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        known = {"phone": lead.phone, "time_zone": lead.time_zone, "best_time": lead.best_time}
        super().__init__(*args, initial=known, **kwargs)
        self.lead = lead
        self.fields["time_zone"].widget.attrs.pop("data-guess", None)
        self.helper.disable_csrf = True  # the URL carries the secret token, and no cookie is set

    def save(self) -> None:
        """Create the callback; where they are, and when it suits them, holds for every call."""
        details = {name: self.cleaned_data[name] for name in ("time_zone", "best_time")}
        contact_details.update_contact_details(self.lead, by=ActorKind.PATIENT, now=self.now, **details)
        create_callback(
            self.lead, self.wish(), channel=ConsentChannel.PAGE, form_key=self.cleaned_data["stamp"], now=self.now
        )
