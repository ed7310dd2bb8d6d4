from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from signups.audit import chain


class Command(BaseCommand):
    help = "Reads the whole audit trail and names the first event that was changed, removed, moved or put in."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            verdict = chain.verify_chain()
        except chain.ChainVerificationError as broken:
            raise CommandError(str(broken)) from None
        if verdict.head_lost_race:
            self.stdout.write(
                f"{settings.AUDIT_CHAIN_HEAD_FILE} names an end that another worker overtook at the same moment. "
                "No event is missing; the next event replaces that note."
            )
        self.stdout.write(
            f"The audit trail holds: {verdict.head.sequence} events sealed, {verdict.waiting} wait for the worker. "
            f"It ends with {verdict.head.chain_hash}."
        )
