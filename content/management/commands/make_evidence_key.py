"""`manage.py make_evidence_key`: a new key for signing claims.json."""

from typing import Any

from django.core.management.base import BaseCommand

from content import evidence_signature


class Command(BaseCommand):
    help = "Prints a new private key for EVIDENCE_SIGNING_KEYS. Put it first; keep former ones, so that they verify."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(evidence_signature.new_key())
