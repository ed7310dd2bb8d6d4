"""Timed token of public forms: signed rendering time and idempotency key.

The key identifies a replayed submission.
"""

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.core import signing

TOKEN_SALT = "signups.web.timed_token"  # noqa: S105 - not a secret
MIN_AGE = dt.timedelta(seconds=2)  # faster submissions come from scripts
STALE_MESSAGE = "stale"  # error code: the form needs a new token
CROWDED_AGE = dt.timedelta(seconds=10)
CROWDED_MESSAGE = (
    "Many people are using this form at this moment. Nothing you typed is lost: please wait ten seconds, then press "
    "the button again."
)
MAX_AGE = dt.timedelta(hours=24)
TOO_OLD_MESSAGE = "This page was open for more than a day. Please submit it again."


def new_token(*, crowded: bool = False) -> str:
    """Return a token signed with the current time; a form with a `crowded` one is accepted CROWDED_AGE later."""
    return signing.dumps(uuid.uuid4().hex + "." * crowded, salt=TOKEN_SALT)


def is_crowded(token: str) -> bool:
    """Return whether this genuine token was given to a form that was asked to wait."""
    return str(signing.loads(token, salt=TOKEN_SALT)).endswith(".")


class TimedTokenField(forms.CharField):
    """Cleans to the UUID of the form.

    Raises ValidationError for a missing or forged token, or one younger than MIN_AGE; entered values are kept.
    """

    widget = forms.HiddenInput

    def clean(self, value: object) -> uuid.UUID:
        token = str(value or "")
        try:
            key = uuid.UUID(str(signing.loads(token, salt=TOKEN_SALT)).removesuffix("."))
        except (signing.BadSignature, ValueError):
            raise forms.ValidationError("Something went wrong. Please submit the form again.", STALE_MESSAGE) from None
        if is_crowded(token) and not _is_older(token, CROWDED_AGE):
            raise forms.ValidationError(CROWDED_MESSAGE)
        if not _is_older(token, MIN_AGE):
            raise forms.ValidationError("That was quick! Please check your answers and submit again.")
        return key


class CrowdToken(forms.CharField):
    """Cleans to whether the form was asked to wait (`new_token(crowded=True)`) and did; it may also be empty.

    Raises ValidationError for a genuine token that is too young.
    """

    widget = forms.HiddenInput

    def __init__(self, *, message: str, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.message = message

    def clean(self, value: object) -> bool:
        token = str(value or "")
        try:
            if not is_crowded(token) or _is_older(token, MAX_AGE):
                return False
        except signing.BadSignature:
            return False
        if not _is_older(token, CROWDED_AGE):
            raise forms.ValidationError(self.message)
        return True


class TimedTokenForm(forms.Form):
    """A form with a timed token.

    A token older than MAX_AGE is rejected, except on a replay of an accepted form, which changes nothing.
    """

    stamp = TimedTokenField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stamp"].initial = new_token

    def is_replay(self) -> bool:
        """Return whether this submission was accepted before (a hook).

        Called for an expired token, once all other fields are valid.
        """
        return False

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound:
            return
        is_expired = "stamp" in self.cleaned_data and _is_older(self.data["stamp"], MAX_AGE)
        if is_expired and (self.errors or not self.is_replay()):
            self.add_error("stamp", forms.ValidationError(TOO_OLD_MESSAGE, STALE_MESSAGE))
        if self.has_error("stamp", STALE_MESSAGE):
            self.renew()

    def has_waited(self) -> bool:
        """Return whether this valid form was submitted again after `ask_to_wait`."""
        return is_crowded(self.data["stamp"])

    def ask_to_wait(self) -> None:
        """Have the form submitted once more, CROWDED_AGE from now at the earliest."""
        self.add_error(None, CROWDED_MESSAGE)
        self.renew(stamp=new_token(crowded=True))

    def renew(self, **changed: str) -> None:
        """Set a new token, and the values `changed`, in the data to be rendered next."""
        self.data = {name: self.data.get(name) for name in self.data} | {"stamp": new_token(), **changed}


def _is_older(token: str, age: dt.timedelta) -> bool:
    try:
        signing.loads(token, salt=TOKEN_SALT, max_age=age)
    except signing.SignatureExpired:
        return True
    return False
