"""The signed stamp of every public form: when it was rendered, and a key of its own by which a replay is known."""

import datetime as dt
import uuid

from django import forms
from django.core import signing

SALT = "signups.forms.stamp"
SOONEST = dt.timedelta(seconds=2)  # a person needs longer, a script does not
STALE = "stale"  # the code of an error that only a new stamp mends
LATEST = dt.timedelta(hours=24)


def new() -> str:
    """A stamp of this moment."""
    return signing.dumps(uuid.uuid4().hex, salt=SALT)


class StampField(forms.CharField):
    """Cleans to the form's UUID. Missing or forged, too quick or too old: refused in words; nothing typed is lost."""

    widget = forms.HiddenInput

    def clean(self, value: object) -> uuid.UUID:
        stamp = str(value or "")
        try:
            key = uuid.UUID(signing.loads(stamp, salt=SALT, max_age=LATEST))
        except signing.SignatureExpired:
            raise forms.ValidationError(
                "This page was open for more than a day. Please press the button once more.", STALE
            ) from None
        except (signing.BadSignature, ValueError):
            raise forms.ValidationError(
                "Something was missing from the form. Please press the button once more.", STALE
            ) from None
        if _is_fresh(stamp):
            raise forms.ValidationError("That was very quick. Please look the form over and press the button again.")
        return key


def _is_fresh(stamp: str) -> bool:
    try:
        signing.loads(stamp, salt=SALT, max_age=SOONEST)
    except signing.SignatureExpired:
        return False
    return True
