"""Forms with which staff add a lead and correct contact details."""

from typing import Any

from django import forms

from clinic.lib import normalization, us_states, zone_inference
from signups.leads.choices import Channel
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.web import form_fields
from signups.web.public_form import clean_with

SOURCES = [("phone call", "They called"), ("walk-in", "They came in"), ("referral", "Referral"), ("other", "Other")]
FIELDS = ("name", "email", "phone", "preferred_channel", "state", "time_zone")


class ContactForm(forms.Form):
    """Contact details of a lead; `lead` is the one being corrected, None for a new one.

    Cleans to the columns of `Lead`.
    """

    name = forms.CharField(label="Name", max_length=100, error_messages={"required": "Enter their name."})
    email = form_fields.EmailAddressField(label="Email", required=False, max_length=254)
    phone = forms.CharField(label="Phone", required=False, max_length=40)
    kept_phone = form_fields.kept_field()
    preferred_channel = forms.ChoiceField(label="Preferred contact", choices=Channel.choices)
    state = forms.ChoiceField(label="State", required=False, choices=us_states.STATE_CHOICES)
    time_zone = form_fields.ZoneField(label="Time zone", required=False, empty_label="From their state or phone number")

    def __init__(self, *args: Any, lead: Lead | None = None, **kwargs: Any) -> None:
        self.lead = lead
        if lead:
            kwargs["initial"] = {name: getattr(lead, name) for name in FIELDS}
        super().__init__(*args, **kwargs | {"auto_id": "contact_%s"})

    def clean_name(self) -> str:
        return clean_with(normalization.clean_name, self.cleaned_data["name"])

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if self.lead and email != self.lead.email and self.lead.has_started_trial():
            raise forms.ValidationError(
                "They confirmed this address, and their private page depends on it. "
                "Ask them to sign up with the new one."
            )
        taken = Lead.objects.live().filter(email_key=normalization.email_key(email)) if email else Lead.objects.none()
        if self.lead:
            taken = taken.exclude(pk=self.lead.pk)
        if other := taken.first():
            raise forms.ValidationError(f"{other} already has this email address (lead {other.pk}).")
        return email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        form_fields.clean_phone_for_channel(self, data, current_offer().phone_region)
        if not self.errors and not data["email"] and not data["phone_e164"]:
            self.add_error("email", "Enter an email address or a phone number.")
        if not self.errors and data["preferred_channel"] == Channel.EMAIL and not data["email"]:
            self.add_error("preferred_channel", "There is no email address: choose a phone call.")
        return data

    def columns(self) -> dict[str, Any]:
        """Return the cleaned columns, with a zone inferred where none was chosen."""
        data = {name: self.cleaned_data[name] for name in (*FIELDS, "phone_e164", "phone_extension")}
        data["email_key"] = normalization.email_key(data["email"]) if data["email"] else ""
        if not data["time_zone"]:
            default = self.lead.time_zone if self.lead else current_offer().time_zone
            data["time_zone"], _ = zone_inference.zone_from_hints(data["state"], data["phone_e164"], default=default)
        return data


class NewLeadForm(ContactForm):
    source = forms.ChoiceField(label="Source", choices=SOURCES)
    another_person = forms.BooleanField(required=False, label="This is another person: add them anyway")
