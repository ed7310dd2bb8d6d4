from typing import Any

from django.db import models

from clinic.lib.encryption import DecryptionError, EncryptedTextField


class EncryptionKeyCheck(models.Model):
    """One encrypted value, used to check the keys.

    A process that cannot decrypt it has the wrong keys and must not start.
    """

    value = EncryptedTextField(default="readable")

    def __str__(self) -> str:
        return "canary"


def ensure_key_check(using: str = "default", **kwargs: Any) -> None:
    """Create the check row if missing (a receiver of `post_migrate`). Idempotent."""
    if not EncryptionKeyCheck.objects.using(using).only("pk").exists():
        EncryptionKeyCheck.objects.using(using).create()


def verify_keys() -> None:
    """Verify that ENCRYPTION_KEYS can decrypt this database.

    Raises DecryptionError otherwise.
    """
    try:
        EncryptionKeyCheck.objects.first()
    except DecryptionError:
        raise DecryptionError(
            "ENCRYPTION_KEYS cannot read this database. Start with those that it was written with; new ones go first "
            "in the list, and `manage.py rotate_encryption_keys` then rewrites what the old ones wrote."
        ) from None
