from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from content.fixtures import loader


class Command(BaseCommand):
    help = "Loads the shipped texts. What an editor changed since is kept; --update replaces it by what the files say."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--update", action="store_true")

    def handle(self, *args: Any, update: bool, **options: Any) -> None:
        try:
            loaded = loader.load_fixtures(update=update)
        except loader.FixtureError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Content: {loaded.created} created, {loaded.updated} updated, {loaded.same} unchanged, "
            f"{loaded.kept} differ from the files and were kept."
        )
