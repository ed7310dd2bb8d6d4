from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from signups.privacy import retention


class Command(BaseCommand):
    help = "Says what is older than we keep it (RETENTION_… in the settings); with --apply, lets go of it for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="do it, in batches that are safe to stop and resume")

    def handle(self, *args: Any, apply: bool, **options: Any) -> None:
        now = timezone.now()
        for rule in retention.RULES:
            total = rule.old(now).count()
            self.stdout.write(f"{rule.what}: {total}")
            if apply:
                gone = 0
                for batch in retention.apply_rule(rule, now):
                    gone += batch
                    self.stdout.write(f"  {gone} of {total}")
        if not apply:
            self.stdout.write("Nothing was changed. To let go of these: manage.py purge --apply")
