import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from signups.audit.choices import ActorKind
from signups.leads.lookup import find_lead
from signups.privacy import export_archive, personal_data


class Command(BaseCommand):
    help = "Writes all we hold about one lead into a zip that only you can read; the lead's timeline tells of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("who", help="a lead's public id, or its email address")
        parser.add_argument("file", type=Path, help="the zip to write; it must not exist")

    def handle(self, *args: Any, who: str, file: Path, **options: Any) -> None:
        lead = find_lead(who)
        try:
            opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
        with os.fdopen(opened, "wb") as zipped:
            zipped.write(
                export_archive.build_zip_at_once(
                    personal_data.download_my_data(lead, by=ActorKind.SYSTEM, now=timezone.now())
                )
            )
        self.stdout.write(f"Written to {file}. Delete it when it is delivered: it holds personal data.")
