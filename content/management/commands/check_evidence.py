"""`manage.py check_evidence`: lint the shipped texts, and compare them with an earlier copy."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from content.fixtures import checks, loader
from content.fixtures.since import changes_since

REFUSED, FOR_REVIEW = 1, 2  # exit statuses


class Command(BaseCommand):
    help = (
        "Holds the shipped texts against their evidence; prints findings with file and line. Exits with 1 on any "
        "finding; with --since, else with 2 if a reviewer must see a change."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--today", type=dt.date.fromisoformat, help="As if it were that day: 2027-01-31.")
        parser.add_argument(
            "--since",
            type=Path,
            metavar="FOLDER",
            help="An earlier copy of content/files: print each pair of wordings that a reviewer must see.",
        )

    def handle(self, *args: Any, today: dt.date | None, since: Path | None = None, **options: Any) -> None:
        try:
            report = checks.check_fixtures(loader.FILES, today=today or timezone.localdate())
            changes = changes_since(since, loader.FILES) if since else []
        except loader.FixtureError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        for line in report.findings:
            self.stdout.write(line)
        for line in changes:
            self.stdout.write(f"{line} (for a reviewer)")
        exempt = ", ".join(f"{count} {reason}" for reason, count in sorted(report.exempt.items())) or "none"
        self.stdout.write(f"Evidence: {report.claimed} sentences carry claims; marked as needing none: {exempt}.")
        if report.findings:
            raise CommandError(f"{len(report.findings)} findings.", returncode=REFUSED)
        if changes:
            raise CommandError(f"{len(changes)} changes for a reviewer.", returncode=FOR_REVIEW)
