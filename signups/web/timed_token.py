"""The signed stamp of every public form: when it was rendered, and a key of its own by which a replay is known."""

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.core import signing

TOKEN_SALT = "signups.web.timed_token"  # noqa: S105 - not a secret
MIN_AGE = dt.timedelta(seconds=2)  # a person needs longer, a script does not
STALE_MESSAGE = "stale"  # the code of an error that only a new stamp mends
MAX_AGE = dt.timedelta(hours=24)
TOO_OLD_MESSAGE = "This page was open for more than a day. Please press the button once more."


def new_token() -> str:
    """A stamp of this moment."""
    return signing.dumps(uuid.uuid4().hex, salt=TOKEN_SALT)


class TimedTokenField(forms.CharField):
    """Cleans to the form's UUID. Missing or forged, or too quick: refused in words; nothing typed is lost."""

    widget = forms.HiddenInput

    def clean(self, value: object) -> uuid.UUID:
        stamp = str(value or "")
        try:
            key = uuid.UUID(signing.loads(stamp, salt=TOKEN_SALT))
        except (signing.BadSignature, ValueError):
            raise forms.ValidationError(
                "Something was missing from the form. Please press the button once more.", STALE_MESSAGE
            ) from None
        if not _is_older(stamp, MIN_AGE):
            raise forms.ValidationError("That was very quick. Please look the form over and press the button again.")
        return key


class TimedTokenForm(forms.Form):
    """A form with a stamp. One that is too old is refused too, unless it was taken already: a replay is no new wish."""

    stamp = TimedTokenField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stamp"].initial = new_token

    def is_replay(self) -> bool:
        """Whether this very form was taken before. Asked of a form that is right in everything but its age."""
        return False

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound:
            return
        is_old = "stamp" in self.cleaned_data and _is_older(self.data["stamp"], MAX_AGE)
        if is_old and (self.errors or not self.is_replay()):
            self.add_error("stamp", forms.ValidationError(TOO_OLD_MESSAGE, STALE_MESSAGE))
        if self.has_error("stamp", STALE_MESSAGE):
            self.renew()

    def renew(self, **changed: str) -> None:
        """The page shown next carries a stamp that works, and what is `changed`."""
        self.data = {name: self.data.get(name) for name in self.data} | {"stamp": new_token(), **changed}


def _is_older(stamp: str, age: dt.timedelta) -> bool:
    try:
        signing.loads(stamp, salt=TOKEN_SALT, max_age=age)
    except signing.SignatureExpired:
        return True
    return False
