"""`manage.py seed_demo_data`: generate leads and their history."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from clinic import roles
from signups.callbacks.models import CallbackRequest
from signups.consents.actions import current_wording
from signups.consents.choices import ConsentPurpose
from signups.consents.models import Consent
from signups.demo.people import DemoPeople
from signups.hosts.models import AvailabilityRule, Host
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.reports import daily_metrics

LEADS_PER_TRANSACTION = 2000
STAFF_NAMES = ("Ana Torres", "Ben Walker", "Chloe Reed", "Omar Khan", "Priya Shah", "Ruth Cohen")


class Command(BaseCommand):
    help = "Fills the clinic with made-up leads and what happened to them, for looking at and for measuring."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--leads", type=int, default=1000, help="how many (1000)")

    def handle(self, *args: Any, leads: int, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Production takes in real people only.")
        if leads < 1:
            raise CommandError("At least one lead.")
        coordinators = [_coordinator(name) for name in STAFF_NAMES]
        offer = current_offer()
        people = DemoPeople(
            leads,
            now=timezone.now(),
            coordinators=coordinators,
            hosts=[_host(user) for user in coordinators],
            texts={purpose: current_wording(purpose) for purpose in ConsentPurpose},
            days=offer.trial_days,
            guarantee_days=offer.guarantee_days,
        )
        started, done = time.monotonic(), 0
        for batch in people.batches(LEADS_PER_TRANSACTION):
            with transaction.atomic():
                batch.store()
            done += len(batch.leads)
            self.show_progress(done, leads)
        _refresh_database()
        daily_metrics.refresh_metrics(timezone.now)  # else the charts show only today until the worker's next run
        self.stdout.write(f"\n{done:,} leads in {time.monotonic() - started:.0f} s.")

    def show_progress(self, done: int, total: int) -> None:
        """Redraw a progress bar, on a terminal only."""
        if self.stderr.isatty():
            bar = "█" * (30 * done // total)
            self.stderr.write(f"\r{bar:░<30} {100 * done // total:3} %  {done:,} leads", ending="")


def _coordinator(name: str) -> User:
    """Get or create a coordinator without a usable password."""
    first, last = name.split()
    user, is_new = User.objects.get_or_create(
        username=f"demo-{first.lower()}", defaults={"first_name": first, "last_name": last, "is_staff": True}
    )
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name=roles.COORDINATOR))
    return user


def _host(user: User) -> Host:
    """Get or create the host of `user`, bookable on weekdays from 9 to 5."""
    host, is_new = Host.objects.get_or_create(user=user, defaults={"time_zone": "America/New_York"})
    if is_new:  # in minutes of the day
        hours = {"host": host, "start": 540, "end": 1020}
        AvailabilityRule.objects.bulk_create(AvailabilityRule(weekday=day, **hours) for day in range(5))
    return host


def _refresh_database() -> None:
    """Move the id sequences past the inserted ids; run ANALYZE."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Lead, Consent, CallbackRequest]):
            cursor.execute(statement)
        cursor.execute("ANALYZE")
