"""Private links: signed, salted per purpose, bound to a lead and, where they can be replaced, to the version of its
links. Nothing personal is in them."""

import datetime as dt
import re
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

from .models import Host, Lead, Merge
from .states import GONE, LeadStatus

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
    """`version` names the lead's counter that makes older links stop working when it is raised."""

    salt: str
    view: str
    version: str = ""
    lifetime: dt.timedelta | None = None


FEED_SALT = "signups.links.feed"
CONFIRM = _Purpose("signups.links.confirm", "confirm", "confirm_version", CONFIRM_LIFETIME)
MY = _Purpose("signups.links.my", "my", "link_version")
STOP = _Purpose("signups.links.stop", "stop")  # an opt-out must work for good, whatever became of other links


def confirm_url(lead: Lead) -> str:
    """The absolute address that confirms `lead`'s e-mail address."""
    return _url(CONFIRM, lead)


def confirming(token: str) -> Lead:
    """The lead whose confirmation link this is. Raises Unknown, or Expired when it is too old or superseded."""
    return _read(CONFIRM, token)


def my_url(lead: Lead) -> str:
    """The absolute address of `lead`'s own page. Given only to an address that was confirmed."""
    return _url(MY, lead)


def mine(token: str) -> Lead:
    """The lead whose own page this is, or whom they became part of. Raises Unknown, or Expired when it was replaced."""
    return _read(MY, token)


def stop_url(lead: Lead) -> str:
    """The absolute address that ends our e-mail to `lead`; it opens nothing else, so any message may carry it."""
    return _url(STOP, lead)


def stopping(token: str) -> Lead:
    """The lead whose opt-out this is, also of somebody erased. Raises Unknown."""
    return _lead(STOP, token)[0]


def feed_url(host: Host) -> str:
    """The absolute address of `host`'s calendar feed, until it is renewed."""
    token = signing.dumps([host.public_id.hex, host.feed_version], salt=FEED_SALT)
    return settings.SITE_URL + reverse("host-feed", args=[token])


def feeding(token: str) -> Host:
    """The active host whose feed this is. Raises Unknown, also for an address that was renewed."""
    try:
        public_id, version = signing.loads(token, salt=FEED_SALT)
        return Host.objects.active().get(public_id=uuid.UUID(public_id), feed_version=version)
    except (signing.BadSignature, Host.DoesNotExist):
        raise Unknown from None


def redact(text: str) -> str:
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
        raise Unknown from None


def _read(purpose: _Purpose, token: str) -> Lead:
    lead, version = _lead(purpose, token)
    whole = Merge.objects.kept(lead) if purpose is MY and lead.status == LeadStatus.MERGED else lead
    if whole.status in GONE:
        raise Unknown
    if version != _version(purpose, lead):
        raise Expired(whole)
    try:
        signing.loads(token, salt=purpose.salt, max_age=purpose.lifetime)
    except signing.SignatureExpired:
        raise Expired(whole) from None
    return whole
