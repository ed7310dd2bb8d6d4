"""Suppression list: addresses and numbers that must not be contacted unsolicited.

They are stored as keyed hashes only.
"""

from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

from clinic.lib import normalization


def contact_hash(address: str, secret: str | None = None) -> str:
    """Return the HMAC-SHA256 of an e-mail address (normalized) or an E.164 number.

    Without the key, candidate addresses cannot be tested against a hash.
    """
    key = normalization.email_key(address) if "@" in address else address
    return salted_hmac("signups.suppression", key, secret, algorithm="sha256").hexdigest()


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def of(self, address: str) -> Self:
        """Rows of this address or number, hashed with the current or a former key."""
        secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        return self.filter(digest__in=[contact_hash(address, secret) for secret in secrets])

    def among(self, addresses: Iterable[str]) -> set[str]:
        """Return the suppressed ones of `addresses`."""
        secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        by_digest = {contact_hash(address, secret): address for address in addresses for secret in secrets}
        return {by_digest[digest] for digest in self.filter(digest__in=by_digest).values_list("digest", flat=True)}


class Suppression(models.Model):
    """The keyed hash of an address or number that remains after an erasure.

    Lifted only by its owner: an address by confirming a signup, a number by a verified consent to calls.
    """

    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    objects = SuppressionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"since {self.created_at:%Y-%m-%d}"
