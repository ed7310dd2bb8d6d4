"""`manage.py check_evidence`: lint the shipped texts."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from content.fixtures import checks, loader


class Command(BaseCommand):
    help = "Holds the shipped texts against their evidence; prints findings with file and line, and fails on any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--today", type=dt.date.fromisoformat, help="As if it were that day: 2027-01-31.")

    def handle(self, *args: Any, today: dt.date | None, **options: Any) -> None:
        try:
            report = checks.check_fixtures(today=today or timezone.localdate())
        except loader.FixtureError as error:
            raise CommandError(str(error)) from error
        for finding in report.findings:
            self.stdout.write(finding)
        exempt = ", ".join(f"{count} {reason}" for reason, count in sorted(report.exempt.items())) or "none"
        self.stdout.write(f"Evidence: {report.claimed} sentences carry claims; marked as needing none: {exempt}.")
        if report.findings:
            raise CommandError(f"{len(report.findings)} findings.")
