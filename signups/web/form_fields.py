"""Fields and bases shared by the forms of the public site."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout, Submit
from django import forms
from django.utils.functional import cached_property

from clinic.lib import normalization, time_zones, us_states
from signups.leads.choices import PHONE_CHANNELS
from signups.offer import ClinicOffer

from .public_form import PublicForm, clean_with


class TimedPublicForm(PublicForm):
    """A public form with a crispy layout: fields in page order and one button."""

    button = ""
    action = ""

    @cached_property
    def helper(self) -> FormHelper:
        """Build the layout lazily: most submitted forms are never rendered."""
        helper = FormHelper()
        helper.form_action = self.action
        helper.layout = Layout("stamp", Div("website", hidden=True), *self.parts(), Submit("send", self.button))
        return helper

    def parts(self) -> Iterable[Any]:
        """Field names and layout objects, from top to bottom."""
        return [name for name in self.fields if name not in PublicForm.base_fields]


def name_field() -> forms.CharField:
    return forms.CharField(
        label="Your name",
        max_length=100,
        widget=forms.TextInput({"autocomplete": "name"}),
        error_messages={"required": "Enter your name."},
    )


def email_field(help_text: str = "") -> forms.EmailField:
    return forms.EmailField(
        label="Email address",
        max_length=254,
        help_text=help_text,
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}),
        error_messages={
            "required": "Enter your email address.",
            "invalid": "Enter an email address like name@example.com.",
        },
    )


def phone_field() -> forms.CharField:
    return forms.CharField(
        label="Phone number",
        required=False,
        max_length=40,
        help_text="We need this only if you chose a phone call or text message.",
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
    )


class SharedChoiceField(forms.ChoiceField):
    """A ChoiceField whose choices are shared by all form instances, not copied."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "SharedChoiceField":
        memo[id(self.choices)] = self.choices
        copied: SharedChoiceField = super().__deepcopy__(memo)
        return copied


class ZoneField(SharedChoiceField):
    """A time zone of `time_zones`, validated by set lookup instead of a linear search."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=time_zones.zone_choices, **kwargs)

    def valid_value(self, value: Any) -> bool:
        return value in time_zones.zone_names()


def state_field() -> SharedChoiceField:
    return SharedChoiceField(
        label="Which state do you live in?",
        choices=us_states.STATE_CHOICES,
        widget=forms.Select({"autocomplete": "address-level1"}),
        error_messages={"required": "Select the state you live in."},
    )


def consent_field(purpose: str, label: str, offer: ClinicOffer) -> forms.BooleanField:
    """An optional, unchecked checkbox beside the exact wording that it agrees to."""
    return forms.BooleanField(
        required=False, label=label.format(clinic=offer.clinic_name), help_text=offer.documents[purpose].text
    )


def clean_phone_for_channel(form: forms.Form, data: dict[str, Any], region: str) -> None:
    """Set `phone_e164` in `data`, and add form errors of the phone number.

    Calls and texts require a number. They also require a consent, which stays optional.
    """
    data["phone_e164"] = ""
    channel = data.get("preferred_channel")
    if data.get("phone"):
        try:
            data["phone_e164"] = clean_with(normalization.phone_e164, data["phone"], region)
        except forms.ValidationError as error:
            form.add_error("phone", error)
    elif channel in PHONE_CHANNELS and "phone" not in form.errors:
        form.add_error("phone", "Enter a phone number, or choose email as your contact method.")
