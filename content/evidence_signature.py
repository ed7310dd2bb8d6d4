"""Signatures of published evidence: Ed25519 over canonical JSON, with keys that anybody can fetch.

Another site can quote a claim of ours, keep what it read, and prove later that we said it. `sign` adds the signature
to a document, `verify` checks one against published keys.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from content.models.snapshots import canonical_json

ALGORITHM = "Ed25519"


class SignatureInvalid(Exception):
    """Raised for a document that none of the keys signed as it is; the message says why."""


def new_key() -> str:
    """Return a new private key as EVIDENCE_SIGNING_KEYS takes it."""
    return _encode(Ed25519PrivateKey.generate().private_bytes_raw())


def public_keys() -> list[dict[str, str]]:
    """Return the public keys as JSON Web Keys (RFC 8037), the one that signs first."""
    return [
        {"kty": "OKP", "crv": ALGORITHM, "use": "sig", "kid": _key_id(public), "x": public}
        for public in (_encode(_private(key).public_key().public_bytes_raw()) for key in settings.EVIDENCE_SIGNING_KEYS)
    ]


def sign(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return `document` as plain JSON with its `signature`; None without a key."""
    plain: dict[str, Any] = json.loads(canonical_json(document))
    if not settings.EVIDENCE_SIGNING_KEYS:
        return {**plain, "signature": None}
    value = _private(settings.EVIDENCE_SIGNING_KEYS[0]).sign(_signed_bytes(plain))
    key = public_keys()[0]
    return {**plain, "signature": {"algorithm": ALGORITHM, "key": key["kid"], "value": _encode(value)}}


def verify(document: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> str:
    """Return the id of the key that signed `document`. Raises SignatureInvalid."""
    signature = document.get("signature")
    if not isinstance(signature, Mapping):
        raise SignatureInvalid("it carries no signature")
    key = next((each for each in keys if each.get("kid") == signature.get("key")), None)
    if key is None:
        raise SignatureInvalid(f"its key {signature.get('key')} is not among those published")
    try:
        public = Ed25519PublicKey.from_public_bytes(_decode(str(key.get("x"))))
        public.verify(_decode(str(signature.get("value"))), _signed_bytes(document))
    except (InvalidSignature, ValueError):
        raise SignatureInvalid("it was changed since it was signed, or somebody else signed it") from None
    return str(key["kid"])


def _signed_bytes(document: Mapping[str, Any]) -> bytes:
    return canonical_json({name: value for name, value in document.items() if name != "signature"}).encode()


def _private(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_decode(key))


def _key_id(public: str) -> str:
    return public[:12]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
