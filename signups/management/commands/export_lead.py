import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from signups import archive
from signups.actions import privacy
from signups.management.leads import named
from signups.states import ActorKind


class Command(BaseCommand):
    help = "Writes all we hold about one lead into a zip that only you can read; the lead's timeline tells of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("who", help="a lead's public id, or its e-mail address")
        parser.add_argument("file", type=Path, help="the zip to write; it must not exist")

    def handle(self, *args: Any, who: str, file: Path, **options: Any) -> None:
        lead = named(who)
        try:
            opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
        with os.fdopen(opened, "wb") as zipped:
            zipped.write(archive.packed_at_once(privacy.take_along(lead, by=ActorKind.SYSTEM, now=timezone.now())))
        self.stdout.write(f"Written to {file}. Delete it when it is delivered: it holds personal data.")
