"""Keyed hashes (HMAC-SHA256) of personal data that must be recognized, and never read: settings.PRIVACY_KEYS.

A hash begins with the short id of its key. The first key makes new ones, all recognize. The keys are of their own, so
that replacing SECRET_KEY neither forgets who was erased nor ends the opt-out links of messages already sent.
"""

import hashlib
import hmac
from functools import cache

from django.conf import settings


def keyed_hash(purpose: str, text: str, key: str = "") -> str:
    """Return `<key id>:<hex>` of `text` for `purpose`, by default under the first key."""
    key = key or settings.PRIVACY_KEYS[0]
    return f"{key_id(key)}:{hmac.digest(key.encode(), f'{purpose}:{text}'.encode(), 'sha256').hex()}"


def every_hash(purpose: str, text: str) -> list[str]:
    """Return the hash of `text` under each key, the first key's first."""
    return [keyed_hash(purpose, text, key) for key in settings.PRIVACY_KEYS]


@cache
def key_id(key: str) -> str:
    return hashlib.sha256(f"privacy:{key}".encode()).hexdigest()[:8]
