"""Suppression lists: what must not be contacted unsolicited, and numbers that must not be texted.

They are stored as keyed hashes only.
"""

from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction

from clinic.lib import normalization
from clinic.lib.keyed_hash import every_hash, key_id, keyed_hash


def contact_hash(address: str) -> str:
    """Return the keyed hash of an e-mail address (normalized) or an E.164 number.

    Without the key, candidate addresses cannot be tested against a hash.
    """
    return keyed_hash("suppression", _normalized(address))


def _normalized(address: str) -> str:
    return normalization.email_key(address) if "@" in address else address


class HashedContactQuerySet(models.QuerySet[Any]):
    def of(self, address: str) -> Self:
        """Rows of this address or number, hashed with the current or a former key."""
        return self.filter(digest__in=every_hash("suppression", _normalized(address)))

    def among(self, addresses: Iterable[str]) -> set[str]:
        """Return the suppressed ones of `addresses`."""
        addresses = list(addresses)
        if len(addresses) > 100 and not self.exists():  # an imported list need not be hashed
            return set()
        by_digest = {
            digest: address for address in addresses for digest in every_hash("suppression", _normalized(address))
        }
        return {by_digest[digest] for digest in self.filter(digest__in=by_digest).values_list("digest", flat=True)}

    def under_former_keys(self) -> Self:
        return self.exclude(digest__startswith=f"{key_id(settings.PRIVACY_KEYS[0])}:")

    @transaction.atomic
    def rehash(self, addresses: Iterable[str]) -> int:
        """Hash the rows of these addresses with the first key; return how many. Of others only the hash is known."""
        done = 0
        for address in addresses:
            if former := self.of(address).under_former_keys().order_by("created_at").first():
                self.of(address).delete()
                self.create(digest=contact_hash(address), created_at=former.created_at)
                done += 1
        return done


class HashedContact(models.Model):
    """The keyed hash of an address or number, and since when it is listed."""

    digest = models.CharField(max_length=73, unique=True)
    created_at = models.DateTimeField()

    objects = HashedContactQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"since {self.created_at:%Y-%m-%d}"


class Suppression(HashedContact):
    """An address or number that remains after an erasure.

    Lifted only by its owner: an address by confirming a signup, a number by a verified consent to calls.
    """


class TextStop(HashedContact):
    """A number that sent STOP: nobody with it is texted, whoever they are and whenever they are entered.

    Lifted by START from the number, or by a consent to texts that somebody gives afterwards on their private page or to
    staff; a sign-up form proves no number.
    """
