"""`manage.py check_links`: check links, archive copies and retraction notices."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone

from content import link_checker
from content.actions import link_checks
from content.link_checker import LinkResult
from content.models.link_checks import LinkCheck
from content.models.sources import Source


class Command(BaseCommand):
    help = (
        "Asks the network how the sources fare: links, archive copies, retraction notices. What was looked at within "
        "--days is left out, so that a run that was stopped goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("keys", nargs="*", help="only these sources, however lately they were looked at")
        parser.add_argument("--days", type=int, default=7, help="look again after so many days (0: at all)")
        parser.add_argument("--timeout", type=float, default=15.0, help="seconds to wait for each answer")

    def handle(self, *args: Any, keys: list[str], days: int, timeout: float, **options: Any) -> None:
        sources = list(self.select_sources(keys, days))
        for number, source in enumerate(sources, 1):
            self.write(f"[{number}/{len(sources)}] {source.key} … ", ending="")
            check = self.check_source(source, timeout)
            notes = [check.get_outcome_display(), check.final_url or check.error, check.retraction_notice.upper()]
            self.write(" – ".join(note for note in notes if note))
        self.report()

    def select_sources(self, keys: list[str], days: int) -> QuerySet[Source]:
        """Return the sources to check. Raises CommandError for an unknown key."""
        if keys:
            sources = Source.objects.filter(key__in=keys)
            if unknown := set(keys) - set(sources.values_list("key", flat=True)):
                raise CommandError(f"There is no source {', '.join(sorted(unknown))}.")
            return sources
        return Source.objects.exclude(link_check__checked_at__gt=timezone.now() - dt.timedelta(days=days))

    def check_source(self, source: Source, timeout: float) -> LinkCheck:
        """Check one source and store the result."""
        link = link_checker.check_link(source.url, timeout=timeout)
        copy = link_checker.archive_copy(source.url, timeout=timeout)
        notices = link_checker.retraction_notices(source.doi, timeout=timeout) if source.doi else None
        return link_checks.record_link_check(source, link, archive_url=copy, notices=notices, now=timezone.now())

    def report(self) -> None:
        """Raise CommandError, for a timer to notice, if a source is dead or retracted."""
        checks = LinkCheck.objects.all()
        dead = checks.filter(outcome=LinkResult.DEAD).count()
        retracted = checks.exclude(retraction_notice="").count()
        if dead or retracted:
            raise CommandError(f"{dead} dead, {retracted} with a notice against them: see the sources in the admin.")
        self.write("No link is dead, and no notice is known against a source.")

    def write(self, text: str, ending: str | None = None) -> None:
        self.stdout.write(text, ending=ending)
        self.stdout.flush()
