"""Forms of what a patient asks for on the phone or in writing."""

import uuid

from django import forms

from clinic.lib.form_fields import InstantField
from signups.consents.choices import ConsentChannel
from signups.leads.choices import Channel
from signups.web.staff_forms import LONGEST_NOTE

INCOMING = {Channel.CALL: "Call", Channel.EMAIL: "Email", Channel.TEXT: "Text message"}


class UnsubscribeForm(forms.Form):
    """How the person said that they want no more email."""

    channel = forms.TypedChoiceField(
        choices=[(channel.value, channel.label) for channel in (ConsentChannel.PHONE, ConsentChannel.EMAIL)],
        coerce=ConsentChannel,
        label="How they told us",
    )


class IncomingForm(forms.Form):
    """A call, email or text of theirs that reached staff outside the desk."""

    channel = forms.TypedChoiceField(choices=[*INCOMING.items()], coerce=Channel, label="What came in")
    at = InstantField(label="When (now, if left blank)", required=False)
    what_came_in = forms.CharField(
        max_length=LONGEST_NOTE,
        label="What they said",
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": "Enter what they said."},
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
