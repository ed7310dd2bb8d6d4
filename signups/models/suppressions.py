"""Addresses that must not be written to of our own accord, known only by a keyed hash."""

from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

from signups import normalise


def digest(email: str, secret: str | None = None) -> str:
    """HMAC-SHA256 of the address's one form; without the key nobody can try addresses against it."""
    return salted_hmac("signups.suppression", normalise.email_key(email), secret, algorithm="sha256").hexdigest()


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def of(self, email: str) -> Self:
        """The rows of this address, made with today's key or a former one."""
        secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        return self.filter(digest__in=[digest(email, secret) for secret in secrets])

    def among(self, emails: Iterable[str]) -> set[str]:
        """Those of `emails` that must not be written to."""
        secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        known = {digest(email, secret): email for email in emails for secret in secrets}
        return {known[found] for found in self.filter(digest__in=known).values_list("digest", flat=True)}


class Suppression(models.Model):
    """What is left of an address after erasure. Lifted only when its owner confirms a sign-up of their own."""

    digest = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    objects = SuppressionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"since {self.at:%Y-%m-%d}"
