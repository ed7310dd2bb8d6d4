"""Private links: signed, salted per purpose, bound to a lead and the version of its links; nothing personal in them."""

import datetime as dt
import re
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

from .models import Lead

CONFIRM_LIFETIME = dt.timedelta(hours=48)


class Unknown(Exception):
    """Not a link we ever gave out, or one for something else: the same as an address that does not exist."""


class Expired(Exception):
    """A link of ours that no longer works; `lead` may be sent a new one."""

    def __init__(self, lead: Lead) -> None:
        super().__init__("This link no longer works.")
        self.lead = lead


@dataclass(frozen=True)
class _Purpose:
    salt: str
    view: str
    lifetime: dt.timedelta | None


CONFIRM = _Purpose("signups.links.confirm", "confirm", CONFIRM_LIFETIME)
MY = _Purpose("signups.links.my", "my", None)  # works until it is replaced


def confirm_url(lead: Lead) -> str:
    """The absolute address that confirms `lead`'s e-mail address."""
    return settings.SITE_URL + reverse(CONFIRM.view, args=[_token(CONFIRM, lead)])


def confirming(token: str) -> Lead:
    """The lead whose confirmation link this is. Raises Unknown, or Expired when it is too old or superseded."""
    return _read(CONFIRM, token)


def my_url(lead: Lead) -> str:
    """The absolute address of `lead`'s own page. Given only to an address that was confirmed."""
    return settings.SITE_URL + reverse(MY.view, args=[_token(MY, lead)])


def mine(token: str) -> Lead:
    """The lead whose own page this is. Raises Unknown, or Expired when a newer link replaced it."""
    return _read(MY, token)


def redact(text: str) -> str:
    """`text` without the private part of our links: what the log of messages may show."""
    return re.sub(rf"({re.escape(settings.SITE_URL)}/(?:confirm|my)/)[\w:-]+", r"\1…", text)


def _token(purpose: _Purpose, lead: Lead) -> str:
    return signing.dumps([lead.public_id.hex, lead.link_version], salt=purpose.salt)


def _read(purpose: _Purpose, token: str) -> Lead:
    """HMAC-SHA256 over the whole token, compared in constant time by django.core.signing."""
    try:
        public_id, version = signing.loads(token, salt=purpose.salt)
        lead = Lead.objects.live().get(public_id=uuid.UUID(public_id))
    except (signing.BadSignature, Lead.DoesNotExist):
        raise Unknown from None
    if version != lead.link_version:
        raise Expired(lead)
    try:
        signing.loads(token, salt=purpose.salt, max_age=purpose.lifetime)
    except signing.SignatureExpired:
        raise Expired(lead) from None
    return lead
