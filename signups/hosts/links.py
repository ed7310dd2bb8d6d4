"""Signed URL of a host's calendar feed."""

import uuid

from django.conf import settings
from django.core import signing
from django.urls import reverse

from signups.leads.links import InvalidToken

from .models import Host

FEED_SALT = "signups.leads.links.feed"


def feed_url(host: Host) -> str:
    """Return the absolute URL of the calendar feed of `host`, valid until rotated."""
    token = signing.dumps([host.public_id.hex, host.feed_version], salt=FEED_SALT)
    return settings.SITE_URL + reverse("host-feed", args=[token])


def host_from_feed_token(token: str) -> Host:
    """Resolve a feed token to its host, who may have stopped taking calls: booked ones still stand.

    Raises InvalidToken, also for a token that was rotated and for a deactivated user.
    """
    try:
        public_id, version = signing.loads(token, salt=FEED_SALT)
        return Host.objects.get(public_id=uuid.UUID(public_id), feed_version=version, user__is_active=True)
    except (signing.BadSignature, Host.DoesNotExist):
        raise InvalidToken from None
