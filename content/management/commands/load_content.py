"""`manage.py load_content`: load the shipped texts. Idempotent."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from content.fixtures import loader


class Command(BaseCommand):
    help = "Loads the shipped texts. What an editor changed since is kept; --update replaces it by what the files say."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--update", action="store_true")

    def handle(self, *args: Any, update: bool, **options: Any) -> None:
        try:
            result = loader.load_fixtures(update=update)
        except loader.FixtureError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Content: {result.created} created, {result.updated} updated, {result.same} unchanged, "
            f"{result.unchanged_by_us} differ from the files and were kept."
        )
