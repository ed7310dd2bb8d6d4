"""The two HMACs that make the audit trail show tampering. A leaf: settings.AUDIT_KEYS and nothing else of ours.

The *signature* is made when an event is written, by the process that writes it, over what the event says: a row put in
by hand, or changed, has none that fits. The *seal* is made later, by the worker, over the seal before it, the event's
place and its signature: a row taken out, or moved, breaks the chain there.

Each begins with the short id of the key that made it. The first key writes, every key reads; along the chain the keys
may only become newer, so that an old key that leaked cannot continue it.
"""

import datetime as dt
import hashlib
import hmac
import json
import uuid
from functools import cache
from typing import Any

from django.conf import settings

ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
GENESIS_HASH = "the first seal follows nothing"
# What an event says, in the order in which it is signed.
SIGNED_FIELDS = ("lead_id", "subject", "at", "actor_kind", "actor_id", "verb", "detail", "form_key")


@cache
def _keyring(keys: tuple[str, ...]) -> dict[str, bytes]:
    """The keys by their ids, the writing one first."""
    secrets = [hashlib.sha256(f"signups.audit:{key}".encode()).digest() for key in keys]
    return {hashlib.sha256(secret).hexdigest()[:8]: secret for secret in secrets}


def keyring() -> dict[str, bytes]:
    return _keyring(tuple(settings.AUDIT_KEYS))


def canonical_bytes(
    lead_id: int | None,
    subject: str,
    at: dt.datetime,
    actor_kind: str,
    actor_id: int | None,
    verb: str,
    detail: dict[str, Any],
    form_key: uuid.UUID | None,
) -> bytes:
    """The same bytes for the same event, before it is stored and after it was read from either database."""
    key = str(form_key) if form_key else None
    said = [lead_id, subject, at.astimezone(dt.UTC).isoformat(), actor_kind, actor_id, verb, detail, key]
    return ENCODE(said).encode()


def sign(said: bytes, key_id: str = "") -> str:
    """The signature of an event's content. Raises KeyError for a key that is not (or no longer) ours."""
    return _mac(said, key_id)


def chain_hash(previous: str, position: int, event_id: int, signature: str, key_id: str = "") -> str:
    """The seal of the event at `position`, after the seal `previous`."""
    return _mac(f"{previous}|{position}|{event_id}|{signature}".encode(), key_id)


def key_id(mac: str) -> str:
    return mac.partition(":")[0]


def _mac(message: bytes, key_id: str) -> str:
    keys = keyring()
    key_id = key_id or next(iter(keys))
    return f"{key_id}:{hmac.digest(keys[key_id], message, 'sha256').hex()}"
