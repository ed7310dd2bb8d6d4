from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from signups.audit.choices import ActorKind
from signups.leads.lookup import find_lead
from signups.privacy import erasure


class Command(BaseCommand):
    help = "Erases everything personal about one lead, at once and for good, and sends the receipt."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("who", help="a lead's public id, or its email address")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, who: str, yes: bool, **options: Any) -> None:
        lead = find_lead(who)
        self.stdout.write(f"Lead {lead.public_id}, since {lead.created_at:%Y-%m-%d}: {lead.get_status_display()}")
        if not yes and input("This cannot be undone. Erase? Type yes: ") != "yes":
            raise CommandError("Nothing was changed.")
        erasure.erase_lead(lead, by=ActorKind.SYSTEM, now=timezone.now())
        self.stdout.write("Erased.")
