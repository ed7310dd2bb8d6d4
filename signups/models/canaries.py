from typing import Any

from django.db import models

from signups.encryption import EncryptedTextField, Unreadable


class Canary(models.Model):
    """One encrypted word: a process that cannot read it has the wrong keys, and must not start."""

    word = EncryptedTextField(default="readable")

    def __str__(self) -> str:
        return "canary"


def lay(using: str = "default", **kwargs: Any) -> None:
    """Makes the canary where there is none (a receiver of `post_migrate`)."""
    if not Canary.objects.using(using).only("pk").exists():
        Canary.objects.using(using).create()


def check() -> None:
    """Raises Unreadable when ENCRYPTION_KEYS are not those that this database was written with."""
    try:
        Canary.objects.first()
    except Unreadable:
        raise Unreadable(
            "ENCRYPTION_KEYS cannot read this database. Start with those that it was written with; new ones go first "
            "in the list, and `manage.py rotate_encryption_keys` then rewrites what the old ones wrote."
        ) from None
