"""Portal forms for contact details and consents."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from crispy_forms.layout import Div, Fieldset
from django import forms
from django.utils import timezone

from clinic.lib import normalization
from signups.audit.choices import ActorKind
from signups.consents.actions import grant_consent, revoke_consent, set_reminder_preference
from signups.consents.choices import OPTIONAL_CONSENTS, ConsentChannel, ConsentPurpose
from signups.consents.policy import agrees_to
from signups.leads import contact_details
from signups.leads.choices import CareFor, Channel
from signups.leads.open_work import awaits_call
from signups.messages.texts import texts_chosen
from signups.trials.forms import CHANNEL_CONSENTS, CONSENT_LABELS
from signups.web import form_fields
from signups.web.portal_form import PortalForm
from signups.web.public_form import clean_with


class DetailsForm(PortalForm):
    button = "Save"
    name = form_fields.name_field()
    preferred_channel = forms.ChoiceField(
        label="How would you like us to contact you?", choices=Channel.choices, widget=forms.RadioSelect
    )
    phone = form_fields.phone_field()
    kept_phone = form_fields.kept_field()
    time_zone = form_fields.ZoneField(label="Your time zone")
    best_time = form_fields.best_time_field()
    signing_up_for = forms.ChoiceField(
        label="Who is the trial for?", required=False, choices=CareFor.choices, widget=forms.RadioSelect
    )
    referral_answer = forms.CharField(
        label="How did you hear about us?",
        required=False,
        max_length=200,
        help_text="A few words is fine. Please do not include anything about your health or medicines.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def prepare(self) -> None:
        self.initial = {name: getattr(self.lead, name) for name in self.fields if name != "kept_phone"}
        self.fields["preferred_channel"].choices = form_fields.offered_channels()  # type: ignore[attr-defined]
        reachable = form_fields.offered_parts_of_day(self.offer, self.lead.time_zone)
        self.fields["best_time"].widget.choices = reachable
        for purpose, _ in CHANNEL_CONSENTS.values():
            field = form_fields.consent_field(purpose, CONSENT_LABELS[purpose], self.offer)
            field.initial = agrees_to(self.lead, purpose)
            self.fields[purpose.value] = field

    def parts(self) -> Iterable[Any]:
        return (
            *("name", "preferred_channel", "phone", "kept_phone", "time_zone"),
            Div("best_time", "calls", css_class="for-call"),
            Div("texts", css_class="for-text"),
            Fieldset("Optional", "signing_up_for", "referral_answer"),
        )

    def clean_name(self) -> str:
        return clean_with(normalization.clean_name, self.cleaned_data["name"])

    def clean_referral_answer(self) -> str:
        return normalization.single_line(self.cleaned_data["referral_answer"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        form_fields.clean_phone_for_channel(self, data, self.offer.phone_region)
        if not (data["phone_e164"] or self.errors) and awaits_call(self.lead, timezone.now()):
            self.add_error("phone", "We are going to call you: keep a phone number, or cancel the call first.")
        consent, message = CHANNEL_CONSENTS.get(data.get("preferred_channel", ""), ("", ""))
        if consent and not data.get(consent):
            self.add_error(consent, message)
        return data

    def save(self, *, now: dt.datetime) -> None:
        """Save the details, and the permission that the chosen channel needs."""
        fields = ("name", "phone", "phone_e164", "phone_extension", "preferred_channel", "best_time", "time_zone")
        details = {name: self.cleaned_data[name] for name in (*fields, "signing_up_for", "referral_answer")}
        contact_details.update_contact_details(self.lead, **details, by=ActorKind.PATIENT, now=now)
        if needed := CHANNEL_CONSENTS.get(details["preferred_channel"]):
            purpose, _ = needed
            grant_consent(self.lead, purpose, channel=ConsentChannel.PAGE, by=ActorKind.PATIENT, now=now)
        if details["preferred_channel"] == Channel.TEXT and self.initial["preferred_channel"] != Channel.TEXT:
            self.lead.refresh_from_db()
            texts_chosen(self.lead, now=now)


class ConsentChoicesForm(PortalForm):
    button = "Save"
    reminders = forms.BooleanField(
        required=False,
        label="Email me before my trial ends and when it has ended",
    )

    def prepare(self) -> None:
        self.fields["reminders"].initial = self.lead.unsubscribed_at is None
        for purpose, label in CONSENT_LABELS.items():
            field = form_fields.consent_field(purpose, label, self.offer)
            field.initial = agrees_to(self.lead, purpose)
            self.fields[purpose.value] = field
        if self.lead.calls.upcoming(timezone.now()).exists():
            calls = self.fields[ConsentPurpose.CALLS.value]
            calls.help_text += " If you withdraw this, we also cancel the call that you booked."

    def gives_anything(self) -> bool:
        """Return whether this valid form gives a permission, instead of only withdrawing some."""
        return any(self.cleaned_data[name] and not field.initial for name, field in self.fields.items())

    def save(self, *, now: dt.datetime) -> None:
        context: dict[str, Any] = {"channel": ConsentChannel.PAGE, "by": ActorKind.PATIENT, "now": now}
        set_reminder_preference(self.lead, enabled=self.cleaned_data["reminders"], by=ActorKind.PATIENT, now=now)
        for purpose in OPTIONAL_CONSENTS:
            if self.cleaned_data[purpose]:
                grant_consent(self.lead, purpose, **context)
            elif self.fields[
                purpose
            ].initial:  # (an unchanged empty box revokes nothing: a requested callback stays open)
                revoke_consent(self.lead, purpose, **context)
