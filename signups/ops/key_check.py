from typing import Any

from django.db import models

from clinic.lib.encryption import DecryptionError, EncryptedTextField


class EncryptionKeyCheck(models.Model):
    """An encrypted value, used to check the keys: one row, and one more under the new key while a rotation is not over.

    A process that cannot decrypt every row has the wrong keys and must not start.
    """

    value = EncryptedTextField(default="readable")

    def __str__(self) -> str:
        return "canary"


def ensure_key_check(using: str = "default", **kwargs: Any) -> None:
    """Create the check row if missing (a receiver of `post_migrate`). Idempotent."""
    if not EncryptionKeyCheck.objects.using(using).only("pk").exists():
        EncryptionKeyCheck.objects.using(using).create()


def begin_rotation() -> None:
    """Have neither the new key nor an old one taken away unnoticed before `end_rotation`."""
    EncryptionKeyCheck.objects.create()


def end_rotation() -> None:
    """Keep one row. To be called when everything, these rows last, is encrypted with the first key."""
    first = EncryptionKeyCheck.objects.earliest("pk")
    EncryptionKeyCheck.objects.exclude(pk=first.pk).delete()


def verify_keys() -> None:
    """Verify that ENCRYPTION_KEYS can decrypt this database.

    Raises DecryptionError otherwise.
    """
    try:
        list(EncryptionKeyCheck.objects.all())
    except DecryptionError:
        raise DecryptionError(
            "ENCRYPTION_KEYS cannot read this database. Start with those that it was written with; new ones go first "
            "in the list, and `manage.py rotate_encryption_keys` then rewrites what the old ones wrote. If that broke "
            "off, it must be run again, with both, before one is taken away."
        ) from None
