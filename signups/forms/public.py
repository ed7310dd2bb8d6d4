"""What the forms of the public site have in common."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout, Submit
from django import forms
from django.utils.functional import cached_property

from signups import normalise, places, terms, zones
from signups.states import NEEDS_PHONE, Purpose

from .visitors import VisitorForm, said


class StampedForm(VisitorForm):
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
        return [name for name in self.fields if name not in VisitorForm.base_fields]


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


class OneOf(forms.ChoiceField):
    """One of choices that are the same in every form, so that no form gets a copy of them."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "OneOf":
        memo[id(self.choices)] = self.choices
        copied: OneOf = super().__deepcopy__(memo)
        return copied


class ZoneField(OneOf):
    """A time zone that `zones` offers: looked up, not searched for among four hundred."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=zones.choices, **kwargs)

    def valid_value(self, value: Any) -> bool:
        return value in zones.names()


def state_field() -> OneOf:
    return OneOf(
        label="Where do you live?",
        choices=places.CHOICES,
        widget=forms.Select({"autocomplete": "address-level1"}),
        error_messages={"required": "Choose the state you live in."},
    )


def agreement(purpose: Purpose, label: str, offer: terms.Terms) -> forms.BooleanField:
    """A free choice, unticked, beside the exact words that ticking it agrees to."""
    return forms.BooleanField(required=False, label=label, help_text=offer.documents[purpose].text)


def clean_reach(form: forms.Form, data: dict[str, Any], region: str) -> None:
    """Adds `phone_e164` to `data`. A call or a text needs a number, and its own agreement: nobody has to agree."""
    data["phone_e164"] = ""
    wants = data.get("preferred_channel")
    if data.get("phone"):
        try:
            data["phone_e164"] = said(normalise.phone_e164, data["phone"], region)
        except forms.ValidationError as error:
            form.add_error("phone", error)
    elif wants in NEEDS_PHONE and "phone" not in form.errors:
        form.add_error("phone", "Enter a phone number, or choose e-mail.")
