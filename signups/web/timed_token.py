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
MAX_AGE = dt.timedelta(hours=24)
TOO_OLD_MESSAGE = "This page was open for more than a day. Please submit it again."


def new_token() -> str:
    """Return a token signed with the current time."""
    return signing.dumps(uuid.uuid4().hex, salt=TOKEN_SALT)


class TimedTokenField(forms.CharField):
    """Cleans to the UUID of the form.

    Raises ValidationError for a missing or forged token, or one younger than MIN_AGE; entered values are kept.
    """

    widget = forms.HiddenInput

    def clean(self, value: object) -> uuid.UUID:
        token = str(value or "")
        try:
            key = uuid.UUID(signing.loads(token, salt=TOKEN_SALT))
        except (signing.BadSignature, ValueError):
            raise forms.ValidationError("Something went wrong. Please submit the form again.", STALE_MESSAGE) from None
        if not _is_older(token, MIN_AGE):
            raise forms.ValidationError("That was quick! Please check your answers and submit again.")
        return key


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

    def renew(self, **changed: str) -> None:
        """Set a new token, and the values `changed`, in the data to be rendered next."""
        self.data = {name: self.data.get(name) for name in self.data} | {"stamp": new_token(), **changed}


def _is_older(token: str, age: dt.timedelta) -> bool:
    try:
        signing.loads(token, salt=TOKEN_SALT, max_age=age)
    except signing.SignatureExpired:
        return True
    return False
