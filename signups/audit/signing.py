"""HMAC signature and chain hash of audit events (settings.AUDIT_KEYS).

The *signature* is computed over the content of an event by the process that writes it: a row that was inserted
manually or changed has no valid signature. The *chain hash* is computed later, by the worker, over the previous chain
hash, the event's sequence number and its signature: a row that was removed or moved breaks the chain at that point.

Each MAC is prefixed with the short id of its key. The first key signs, every key verifies; along the chain the keys
may only become newer, so that a leaked old key cannot extend it.
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
GENESIS_HASH = "genesis"
# Signed columns of an event, in the order in which they are serialized.
SIGNED_FIELDS = ("lead_id", "target", "occurred_at", "actor_kind", "actor_id", "action", "detail", "idempotency_key")


@cache
def _keyring(keys: tuple[str, ...]) -> dict[str, bytes]:
    """Return the keys by id, the signing key first."""
    secrets = [hashlib.sha256(f"signups.audit:{key}".encode()).digest() for key in keys]
    return {hashlib.sha256(secret).hexdigest()[:8]: secret for secret in secrets}


def keyring() -> dict[str, bytes]:
    return _keyring(tuple(settings.AUDIT_KEYS))


def canonical_bytes(
    lead_id: int | None,
    target: str,
    occurred_at: dt.datetime,
    actor_kind: str,
    actor_id: int | None,
    action: str,
    detail: dict[str, Any],
    idempotency_key: uuid.UUID | None,
) -> bytes:
    """Serialize the signed columns of an event deterministically.

    The result is the same before the event is stored and after it was read from PostgreSQL or SQLite.
    """
    key = str(idempotency_key) if idempotency_key else None
    values = [lead_id, target, occurred_at.astimezone(dt.UTC).isoformat(), actor_kind, actor_id, action, detail, key]
    return ENCODE(values).encode()


def sign(values: bytes, key_id: str = "") -> str:
    """Return the signature of an event's content, by default with the first key.

    Raises KeyError for a `key_id` that is not, or no longer, in the keyring.
    """
    return _mac(values, key_id)


def chain_hash(previous: str, sequence: int, event_id: int, signature: str, key_id: str = "") -> str:
    """Return the chain hash of the event at `sequence`, which follows `previous`."""
    return _mac(f"{previous}|{sequence}|{event_id}|{signature}".encode(), key_id)


def key_id(mac: str) -> str:
    return mac.partition(":")[0]


def _mac(message: bytes, key_id: str) -> str:
    keys = keyring()
    key_id = key_id or next(iter(keys))
    return f"{key_id}:{hmac.digest(keys[key_id], message, 'sha256').hex()}"
