"""Fields and bases shared by the forms of the public site."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.conf import settings
from django.utils.functional import cached_property

from clinic.lib import normalization, phone_numbers, time_zones, us_states
from signups.leads.choices import PHONE_CHANNELS, Channel, PartOfDay
from signups.offer import ClinicOffer
from signups.scheduling import callback_times

from .public_form import HONEYPOT, TRAP, TRAP_ASKED, PublicForm, ask_once, clean_with


class TimedPublicForm(PublicForm):
    """A public form with a crispy layout: fields in page order and one button."""

    button = ""
    action = ""

    @cached_property
    def helper(self) -> FormHelper:
        """Build the layout lazily: most submitted forms are never rendered."""
        helper = FormHelper()
        helper.form_action = self.action
        helper.layout = Layout("stamp", HONEYPOT, *self.parts(), Submit("send", self.button))
        return helper

    def parts(self) -> Iterable[Any]:
        """Field names and layout objects, from top to bottom."""
        return [name for name in self.fields if name not in ("stamp", TRAP, TRAP_ASKED)]


def name_field() -> forms.CharField:
    return forms.CharField(
        label="Your name",
        max_length=100,
        widget=forms.TextInput({"autocomplete": "name"}),
        error_messages={"required": "Enter your name."},
    )


class EmailAddressField(forms.EmailField):
    """An email address, cleaned of what people paste around it and checked by `normalization.strict_email_key`."""

    def to_python(self, value: Any) -> str:
        email = normalization.clean_email(super().to_python(value) or "")
        if normalization.INVISIBLE_CHARACTERS.search(email):
            raise forms.ValidationError("Type the email address by hand. A pasted one can have an invisible character.")
        return email

    def clean(self, value: Any) -> str:
        email: str = super().clean(value)
        if email:
            clean_with(normalization.strict_email_key, email)
        return email


def email_field(help_text: str = "") -> EmailAddressField:
    return EmailAddressField(
        label="Email address",
        max_length=254,
        help_text=help_text,
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email", "spellcheck": "false"}),
        error_messages={
            "required": "Enter your email address.",
            "invalid": "Enter an email address like name@example.com.",
        },
    )


def kept_field() -> forms.CharField:
    """The value that a form asked about once (`ask_once`): submitted again, it is accepted."""
    return forms.CharField(required=False, max_length=254, widget=forms.HiddenInput)


def offered_channels() -> list[tuple[str, str]]:
    """Return the choices of how to be contacted: without texts where the clinic sends none."""
    return [(value, label) for value, label in Channel.choices if value != Channel.TEXT or settings.TEXT_BACKEND]


def phone_field() -> forms.CharField:
    return forms.CharField(
        label="Phone number",
        required=False,
        max_length=40,
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
    )


class SharedChoiceField(forms.ChoiceField):
    """A ChoiceField whose choices are shared by all form instances, not copied."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "SharedChoiceField":
        memo[id(self.choices)] = self.choices
        copied: SharedChoiceField = super().__deepcopy__(memo)
        return copied


class ZoneSelect(forms.Select):
    """The time zones of the US, the chosen one and “Another time zone”, which leads to the list of all.

    The list of all is 27 KB, which few visitors need.
    """

    empty_label = ""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        self.choices = time_zones.choices_around(*value, empty_label=self.empty_label)
        return super().optgroups(name, value, attrs)


class ZoneField(forms.CharField):
    """A time zone of `time_zones`, chosen in one step or in two."""

    def __init__(self, *, empty_label: str = "", **kwargs: Any) -> None:
        kwargs["error_messages"] = {"required": "Select your time zone."} | kwargs.get("error_messages", {})
        super().__init__(widget=ZoneSelect, **kwargs)
        self.widget.empty_label = empty_label

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value == time_zones.ANOTHER:
            raise forms.ValidationError("Select your time zone from the full list.")
        if value and value not in time_zones.zone_names():
            message = f"Select a valid choice. {value} is not one of the available choices."
            raise forms.ValidationError(message)


def best_time_field() -> forms.ChoiceField:
    return forms.ChoiceField(label="Best time to call", choices=PartOfDay.choices, initial=PartOfDay.ANY)


def offered_parts_of_day(offer: ClinicOffer, zone: str) -> list[tuple[str, str]]:
    """Return the choices of PartOfDay in which the clinic calls people in `zone`."""
    reachable = callback_times.open_parts_of_day(offer.hours, zone)
    return [choice for choice in PartOfDay.choices if choice[0] in (PartOfDay.ANY, *reachable)]


def offer_served_states(field: forms.ChoiceField, offer: ClinicOffer) -> None:
    """Show the states that the clinic serves, and all others as one choice; a sent state may be any."""
    if offer.states:
        served = sorted((us_states.STATES[state], state) for state in offer.states)
        field.choices = [*us_states.STATE_CHOICES, us_states.ELSEWHERE_CHOICE]
        shown = [us_states.STATE_CHOICES[0], *((code, name) for name, code in served), us_states.ELSEWHERE_CHOICE]
        field.widget.choices = shown


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
    channel = data.get("preferred_channel")
    clean_phone(form, data, region)
    if data.get("phone") or "phone" in form.errors:
        return
    if channel in PHONE_CHANNELS:
        form.add_error("phone", "Enter a phone number, or choose email as your contact method.")


def clean_phone(form: forms.Form, data: dict[str, Any], region: str) -> None:
    """Set `phone_e164` and `phone_extension` in `data`, tidy `phone`, and add form errors of the number.

    A number that can exist but that libphonenumber does not know is asked about once.
    """
    data |= {"phone_e164": "", "phone_extension": ""}
    if not data.get("phone"):
        return
    data["phone"] = phone_numbers.tidy_phone(data["phone"])
    try:
        number = phone_numbers.parse_phone(data["phone"], region)
        if number.is_doubtful:
            ask_once(form, "phone", data["phone"], f"Is {number} right? Correct it, or submit again if it is.")
    except phone_numbers.PhoneNumberError as error:
        meant = phone_numbers.format_phone(error.suggestion)
        form.add_error("phone", f"Did you mean {meant}? Start it with + and the country code." if meant else str(error))
    except forms.ValidationError as error:
        form.add_error("phone", error)
    else:
        data |= {"phone_e164": number.e164, "phone_extension": number.extension}
