"""The two HMACs that make the audit log tamper-evident; depends on settings.AUDIT_KEYS only.

The *signature* is computed by the process that writes an event, over its content: a row that was inserted by hand, or
changed, has none that fits. The *chain hash* is computed later, by the worker, over the previous chain hash, the
event's sequence number and its signature: a row that was removed or moved breaks the chain there.

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
GENESIS_HASH = "genesis"
# What an event says, in the order in which it is signed.
SIGNED_FIELDS = ("lead_id", "target", "occurred_at", "actor_kind", "actor_id", "action", "detail", "idempotency_key")


@cache
def _keyring(keys: tuple[str, ...]) -> dict[str, bytes]:
    """The keys by their ids, the writing one first."""
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
    """The same bytes for the same event, before it is stored and after it was read from either database."""
    key = str(idempotency_key) if idempotency_key else None
    values = [lead_id, target, occurred_at.astimezone(dt.UTC).isoformat(), actor_kind, actor_id, action, detail, key]
    return ENCODE(values).encode()


def sign(values: bytes, key_id: str = "") -> str:
    """The signature of an event's content. Raises KeyError for a key that is not (or no longer) ours."""
    return _mac(values, key_id)


def chain_hash(previous: str, sequence: int, event_id: int, signature: str, key_id: str = "") -> str:
    """Return the chain hash of the event at `sequence`, which follows the chain hash `previous`."""
    return _mac(f"{previous}|{sequence}|{event_id}|{signature}".encode(), key_id)


def key_id(mac: str) -> str:
    return mac.partition(":")[0]


def _mac(message: bytes, key_id: str) -> str:
    keys = keyring()
    key_id = key_id or next(iter(keys))
    return f"{key_id}:{hmac.digest(keys[key_id], message, 'sha256').hex()}"
