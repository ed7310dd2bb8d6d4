from typing import Any

from django.db import models

from clinic.lib.encryption import DecryptionError, EncryptedTextField


class EncryptionKeyCheck(models.Model):
    """One encrypted value: a process that cannot read it has the wrong keys, and must not start."""

    value = EncryptedTextField(default="readable")

    def __str__(self) -> str:
        return "canary"


def ensure_key_check(using: str = "default", **kwargs: Any) -> None:
    """Makes the canary where there is none (a receiver of `post_migrate`)."""
    if not EncryptionKeyCheck.objects.using(using).only("pk").exists():
        EncryptionKeyCheck.objects.using(using).create()


def verify_keys() -> None:
    """Raises Unreadable when ENCRYPTION_KEYS are not those that this database was written with."""
    try:
        EncryptionKeyCheck.objects.first()
    except DecryptionError:
        raise DecryptionError(
            "ENCRYPTION_KEYS cannot read this database. Start with those that it was written with; new ones go first "
            "in the list, and `manage.py rotate_encryption_keys` then rewrites what the old ones wrote."
        ) from None
