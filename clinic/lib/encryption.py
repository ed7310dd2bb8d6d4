"""Free text at rest: MultiFernet with the keys of the environment. The first key writes, every key reads."""

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class DecryptionError(Exception):
    """What is stored was written with a key that this process does not have, or was tampered with."""


@cache
def _keyring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """`text` as a Fernet token under the first of settings.ENCRYPTION_KEYS; empty stays empty."""
    return _keyring(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """The text of a token; raises Unreadable when none of settings.ENCRYPTION_KEYS made it."""
    if not token:
        return ""
    try:
        return _keyring(tuple(settings.ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken:
        raise DecryptionError("None of ENCRYPTION_KEYS can read what is stored.") from None


def rotate(token: str) -> str:
    """`token` under the first key: the same one when that made it. Raises Unreadable."""
    try:
        _keyring(tuple(settings.ENCRYPTION_KEYS[:1])).decrypt(token.encode())
    except InvalidToken:
        return encrypt(decrypt(token))
    return token


class EncryptedTextField(models.TextField):
    """Text that is ciphertext in the database. It cannot be searched or ordered by, and lookups are refused."""

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return text if text is None else encrypt(text)

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return value if value is None else decrypt(value)

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
