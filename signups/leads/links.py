"""Private links: signed, salted per purpose, bound to a lead and, where they can be replaced, to the version of its
links. Nothing personal is in them."""

import datetime as dt
import re
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

from .choices import TERMINAL_STATUSES, LeadStatus
from .merge_models import LeadMerge
from .models import Lead

CONFIRM_LIFETIME = dt.timedelta(hours=48)


class InvalidToken(Exception):
    """Not a link we ever gave out, or one for something else: the same as an address that does not exist."""


class TokenExpired(Exception):
    """A link of ours that no longer works; `lead` may be sent a new one."""

    def __init__(self, lead: Lead) -> None:
        super().__init__("This link no longer works.")
        self.lead = lead


@dataclass(frozen=True)
class _Purpose:
    """`version` names the lead's counter that makes older links stop working when it is raised."""

    salt: str
    view: str
    version: str = ""
    lifetime: dt.timedelta | None = None


CONFIRM = _Purpose("signups.leads.links.confirm", "confirm", "confirmation_token_version", CONFIRM_LIFETIME)
PORTAL = _Purpose("signups.leads.links.my", "portal:home", "portal_token_version")
UNSUBSCRIBE = _Purpose(
    "signups.leads.links.stop", "unsubscribe"
)  # an opt-out must work for good, whatever became of other links


def confirmation_url(lead: Lead) -> str:
    """The absolute address that confirms `lead`'s e-mail address."""
    return _url(CONFIRM, lead)


def lead_from_confirmation_token(token: str) -> Lead:
    """The lead whose confirmation link this is. Raises Unknown, or Expired when it is too old or superseded."""
    return _read(CONFIRM, token)


def portal_url(lead: Lead) -> str:
    """The absolute address of `lead`'s own page. Given only to an address that was confirmed."""
    return _url(PORTAL, lead)


def lead_from_portal_token(token: str) -> Lead:
    """The lead whose own page this is, or whom they became part of. Raises Unknown, or Expired when it was replaced."""
    return _read(PORTAL, token)


def unsubscribe_url(lead: Lead) -> str:
    """The absolute address that ends our e-mail to `lead`; it opens nothing else, so any message may carry it."""
    return _url(UNSUBSCRIBE, lead)


def lead_from_unsubscribe_token(token: str) -> Lead:
    """The lead whose opt-out this is, also of somebody erased. Raises Unknown."""
    return _lead(UNSUBSCRIBE, token)[0]


def redact_tokens(text: str) -> str:
    """`text` without the private part of our links: what the log of messages may show."""
    return re.sub(rf"({re.escape(settings.SITE_URL)}/(?:confirm|my|stop)/)[\w:-]+", r"\1…", text)


def _url(purpose: _Purpose, lead: Lead) -> str:
    token = signing.dumps([lead.public_id.hex, _version(purpose, lead)], salt=purpose.salt)
    return settings.SITE_URL + reverse(purpose.view, args=[token])


def _version(purpose: _Purpose, lead: Lead) -> int:
    return getattr(lead, purpose.version) if purpose.version else 0


def _lead(purpose: _Purpose, token: str) -> tuple[Lead, int]:
    """HMAC-SHA256 over the whole token, compared in constant time by django.core.signing."""
    try:
        public_id, version = signing.loads(token, salt=purpose.salt)
        return Lead.objects.get(public_id=uuid.UUID(public_id)), version
    except (signing.BadSignature, Lead.DoesNotExist):
        raise InvalidToken from None


def _read(purpose: _Purpose, token: str) -> Lead:
    lead, version = _lead(purpose, token)
    whole = LeadMerge.objects.kept(lead) if purpose is PORTAL and lead.status == LeadStatus.MERGED else lead
    if whole.status in TERMINAL_STATUSES:
        raise InvalidToken
    if version != _version(purpose, lead):
        raise TokenExpired(whole)
    try:
        signing.loads(token, salt=purpose.salt, max_age=purpose.lifetime)
    except signing.SignatureExpired:
        raise TokenExpired(whole) from None
    return whole
