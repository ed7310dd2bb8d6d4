"""Signed address of a host's calendar feed."""

import uuid

from django.conf import settings
from django.core import signing
from django.urls import reverse

from signups.leads.links import InvalidToken

from .models import Host

FEED_SALT = "signups.leads.links.feed"


def feed_url(host: Host) -> str:
    """The absolute address of `host`'s calendar feed, until it is renewed."""
    token = signing.dumps([host.public_id.hex, host.feed_version], salt=FEED_SALT)
    return settings.SITE_URL + reverse("host-feed", args=[token])


def host_from_feed_token(token: str) -> Host:
    """The active host whose feed this is. Raises Unknown, also for an address that was renewed."""
    try:
        public_id, version = signing.loads(token, salt=FEED_SALT)
        return Host.objects.active().get(public_id=uuid.UUID(public_id), feed_version=version)
    except (signing.BadSignature, Host.DoesNotExist):
        raise InvalidToken from None
