"""Addresses and numbers that we must not write to or call of our own accord, known only by a keyed hash."""

from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

from clinic.lib import normalization


def contact_hash(address: str, secret: str | None = None) -> str:
    """HMAC-SHA256 of an e-mail address in its one form, or of a number in E.164; without the key nobody can try any."""
    key = normalization.email_key(address) if "@" in address else address
    return salted_hmac("signups.suppression", key, secret, algorithm="sha256").hexdigest()


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def of(self, address: str) -> Self:
        """The rows of this address or number, made with today's key or a former one."""
        secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        return self.filter(digest__in=[contact_hash(address, secret) for secret in secrets])

    def among(self, addresses: Iterable[str]) -> set[str]:
        """Those of `addresses` that must not be written to or called."""
        secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        known = {contact_hash(address, secret): address for address in addresses for secret in secrets}
        return {known[found] for found in self.filter(digest__in=known).values_list("digest", flat=True)}


class Suppression(models.Model):
    """What is left of an address or a number after erasure.

    Lifted only by its owner: an address by confirming a sign-up, a number by agreeing to calls, beyond doubt.
    """

    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    objects = SuppressionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"since {self.created_at:%Y-%m-%d}"
