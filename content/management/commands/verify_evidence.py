"""`manage.py verify_evidence`: check the signature of a published `claims.json`."""

import json
from http.client import HTTPException
from typing import Any
from urllib.parse import urljoin

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.lib.outgoing_requests import fetch
from content import evidence_signature

KEYS_PATH = "/.well-known/evidence-keys.json"
TIMEOUT = 20  # seconds
NO_ANSWER, NOT_GENUINE = 2, 1  # exit statuses


class Command(BaseCommand):
    help = (
        "Checks that the claims.json at URL is as the site signed it, and prints when each claim last changed. Exits "
        "with 1 if it is not genuine, with 2 if it could not be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", help="Such as https://clinic.example/learn/how-ketamine-works/claims.json")
        parser.add_argument(
            "--key", help="The public key (x) that you trust, noted earlier. Default: the keys that the site publishes."
        )
        parser.add_argument("--claim", help="Print this claim with its statement and hash.")

    def handle(self, *args: Any, url: str, key: str | None, claim: str | None, **options: Any) -> None:
        document = _load(url)
        keys = _load(urljoin(url, KEYS_PATH)).get("keys")
        known = [each for each in keys if isinstance(each, dict)] if isinstance(keys, list) else []
        try:
            signed_by = evidence_signature.verify(document, [each for each in known if key in (None, each.get("x"))])
        except evidence_signature.SignatureInvalid as error:
            raise CommandError(f"Not genuine: {error}.", returncode=NOT_GENUINE) from None
        self.stdout.write(f"Genuine: signed with key {signed_by}. Version {document.get('version')}.")
        history = document.get("history") or []
        for each in document.get("claims", []):
            if claim in (None, each["id"]):
                self.stdout.write(f"{each['id']}: {_last_change(each['id'], history)}, hash {each['hash']}")
            if claim == each["id"]:
                self.stdout.write(each["statement"])
        if claim and claim not in [each["id"] for each in document.get("claims", [])]:
            raise CommandError(f"Not genuine: it has no claim “{claim}”.", returncode=NOT_GENUINE)


def _last_change(claim: str, history: list[dict[str, Any]]) -> str:
    newest = next((approval for approval in history if claim in approval["changedClaims"]), None)
    return f"as approved {newest['signed'][:10]} by {newest['reviewedBy']}" if newest else "not yet approved"


def _load(url: str) -> dict[str, Any]:
    """Return the JSON object at `url`. Raises CommandError."""
    try:
        response = fetch(url, timeout=TIMEOUT)
        data = json.loads(response.body) if response.status == 200 else None
    except (OSError, HTTPException, ValueError) as error:
        raise CommandError(f"{url}: {error or type(error).__name__}", returncode=NO_ANSWER) from None
    if not isinstance(data, dict):
        raise CommandError(f"{url}: no JSON object there (status {response.status})", returncode=NO_ANSWER)
    return data
