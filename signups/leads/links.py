"""Private links: signed tokens, salted per purpose and bound to a lead.

A replaceable link is also bound to the lead's token version. Tokens hold no personal data.
"""

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
    """The token was never issued, or for another purpose; answered like a 404."""


class TokenExpired(Exception):
    """The token is genuine but no longer valid; `lead` may be sent a new link."""

    def __init__(self, lead: Lead) -> None:
        super().__init__("This link no longer works.")
        self.lead = lead


@dataclass(frozen=True)
class _Purpose:
    """What a link is for.

    `version` names the field of the lead that invalidates older links when it is incremented.
    """

    salt: str
    view: str
    version: str = ""
    lifetime: dt.timedelta | None = None
    outlives_secret_key: bool = False

    def signer(self) -> signing.TimestampSigner:
        """Sign with SECRET_KEY, or with PRIVACY_KEYS what must work after its replacement too."""
        if not self.outlives_secret_key:
            return signing.TimestampSigner(salt=self.salt)
        first, *former = settings.PRIVACY_KEYS
        return signing.TimestampSigner(key=first, fallback_keys=[*former], salt=self.salt)


CONFIRM = _Purpose("signups.leads.links.confirm", "confirm", "confirmation_token_version", CONFIRM_LIFETIME)
PORTAL = _Purpose("signups.leads.links.my", "portal:home", "portal_token_version")
# An opt-out never expires and has no version (CAN-SPAM: it works for at least 30 days).
UNSUBSCRIBE = _Purpose("signups.leads.links.stop", "unsubscribe", outlives_secret_key=True)


def confirmation_url(lead: Lead) -> str:
    """Return the absolute URL that confirms the e-mail address of `lead`."""
    return _url(CONFIRM, lead)


def lead_from_confirmation_token(token: str) -> Lead:
    """Resolve a confirmation token to its lead.

    Raises InvalidToken, or TokenExpired when the link is older than CONFIRM_LIFETIME or superseded.
    """
    return _read(CONFIRM, token)


def portal_url(lead: Lead) -> str:
    """Return the absolute URL of the private page of `lead`.

    Send it only to a confirmed address.
    """
    return _url(PORTAL, lead)


def lead_from_portal_token(token: str) -> Lead:
    """Resolve a portal token to its lead, following merges.

    Raises InvalidToken, or TokenExpired when the link was replaced.
    """
    return _read(PORTAL, token)


def unsubscribe_url(lead: Lead) -> str:
    """Return the absolute URL that unsubscribes `lead` from e-mail.

    It gives access to nothing else, so every message may contain it.
    """
    return _url(UNSUBSCRIBE, lead)


def lead_from_unsubscribe_token(token: str) -> Lead:
    """Resolve an unsubscribe token to its lead, also a merged or erased one.

    Raises InvalidToken.
    """
    return _lead(UNSUBSCRIBE, token)[0]


def redact_tokens(text: str) -> str:
    """Return `text` with the tokens of our links removed, fit for the message log."""
    return re.sub(rf"({re.escape(settings.SITE_URL)}/(?:confirm|my|stop)/)[\w:-]+", r"\1…", text)


def _url(purpose: _Purpose, lead: Lead) -> str:
    token = purpose.signer().sign_object([lead.public_id.hex, _version(purpose, lead)])
    return settings.SITE_URL + reverse(purpose.view, args=[token])


def _version(purpose: _Purpose, lead: Lead) -> int:
    return getattr(lead, purpose.version) if purpose.version else 0


def _lead(purpose: _Purpose, token: str) -> tuple[Lead, int]:
    """Return (lead, token version) of a token. Raises InvalidToken.

    django.core.signing verifies its HMAC-SHA256 in constant time.
    """
    try:
        public_id, version = purpose.signer().unsign_object(token)
        return Lead.objects.get(public_id=uuid.UUID(public_id)), version
    except (signing.BadSignature, Lead.DoesNotExist):
        raise InvalidToken from None


def _read(purpose: _Purpose, token: str) -> Lead:
    lead, version = _lead(purpose, token)
    survivor = LeadMerge.objects.kept(lead) if purpose is PORTAL and lead.status == LeadStatus.MERGED else lead
    if survivor.status in TERMINAL_STATUSES:
        raise InvalidToken
    if version != _version(purpose, lead):
        raise TokenExpired(survivor)
    try:
        purpose.signer().unsign_object(token, max_age=purpose.lifetime)
    except signing.SignatureExpired:
        raise TokenExpired(survivor) from None
    return survivor
