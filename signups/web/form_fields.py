"""What the forms of the public site have in common."""

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
    """A visitor’s form with its fields in the order of the page, and one button."""

    button = ""
    action = ""

    @cached_property
    def helper(self) -> FormHelper:
        """Asked for when the form is shown; most of those sent never are."""
        helper = FormHelper()
        helper.form_action = self.action
        helper.layout = Layout("stamp", Div("website", hidden=True), *self.parts(), Submit("send", self.button))
        return helper

    def parts(self) -> Iterable[Any]:
        """Names of fields and parts of a layout, from the top of the page down."""
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
        label="E-mail address",
        max_length=254,
        help_text=help_text,
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}),
        error_messages={
            "required": "Enter your e-mail address.",
            "invalid": "Enter an e-mail address like name@example.com.",
        },
    )


def phone_field() -> forms.CharField:
    return forms.CharField(
        label="Phone number",
        required=False,
        max_length=40,
        help_text="Only needed if you chose a call or a text message. Any format will do.",
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
    )


class SharedChoiceField(forms.ChoiceField):
    """One of choices that are the same in every form, so that no form gets a copy of them."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "SharedChoiceField":
        memo[id(self.choices)] = self.choices
        copied: SharedChoiceField = super().__deepcopy__(memo)
        return copied


class ZoneField(SharedChoiceField):
    """A time zone that `zones` offers: looked up, not searched for among four hundred."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=time_zones.zone_choices, **kwargs)

    def valid_value(self, value: Any) -> bool:
        return value in time_zones.zone_names()


def state_field() -> SharedChoiceField:
    return SharedChoiceField(
        label="Where do you live?",
        choices=us_states.STATE_CHOICES,
        widget=forms.Select({"autocomplete": "address-level1"}),
        error_messages={"required": "Choose the state you live in."},
    )


def consent_field(purpose: str, label: str, offer: ClinicOffer) -> forms.BooleanField:
    """A free choice, unticked, beside the exact words that ticking it agrees to."""
    return forms.BooleanField(required=False, label=label, help_text=offer.documents[purpose].text)


def clean_phone_for_channel(form: forms.Form, data: dict[str, Any], region: str) -> None:
    """Adds `phone_e164` to `data`. A call or a text needs a number, and its own agreement: nobody has to agree."""
    data["phone_e164"] = ""
    wants = data.get("preferred_channel")
    if data.get("phone"):
        try:
            data["phone_e164"] = clean_with(normalization.phone_e164, data["phone"], region)
        except forms.ValidationError as error:
            form.add_error("phone", error)
    elif wants in PHONE_CHANNELS and "phone" not in form.errors:
        form.add_error("phone", "Enter a phone number, or choose e-mail.")
