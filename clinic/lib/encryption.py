"""Encryption of text at rest with MultiFernet.

The first of settings.ENCRYPTION_KEYS encrypts, every key decrypts.
"""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class DecryptionError(Exception):
    """Raised for a token that no configured key decrypts, or that was tampered with."""


@cache
def _keyring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Encrypt `text` as a Fernet token under the first key; empty stays empty."""
    return _keyring(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """Decrypt `token`. Raises DecryptionError if no configured key fits."""
    if not token:
        return ""
    try:
        return _keyring(tuple(settings.ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken:
        raise DecryptionError("None of ENCRYPTION_KEYS can read what is stored.") from None


def rotate(token: str) -> str:
    """Re-encrypt `token` under the first key. Idempotent. Raises DecryptionError."""
    try:
        _keyring(tuple(settings.ENCRYPTION_KEYS[:1])).decrypt(token.encode())
    except InvalidToken:
        return encrypt(decrypt(token))
    return token


class EncryptedTextField(models.TextField):
    """Text field stored as ciphertext; every lookup but `isnull` is rejected.

    What no key reads raises DecryptionError when its row is loaded, or is `unreadable_as` where that is given.
    """

    def __init__(self, *args: Any, unreadable_as: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unreadable_as = unreadable_as

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return text if text is None else encrypt(text)

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        try:
            return value if value is None else decrypt(value)
        except DecryptionError:
            if self.unreadable_as is None:
                raise
            return self.unreadable_as

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
