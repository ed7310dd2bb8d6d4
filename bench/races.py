"""What several processes may do at one moment, and the database and the product without what keeps them apart."""

import datetime as dt
import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from signups.audit import chain
from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.calls import actions as calls
from signups.calls.models import OnboardingCall
from signups.hosts.models import HostQuerySet
from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from signups.scheduling.slots import BookingError
from tests import factories

from . import kill_drills
from .kill_points import World

PEOPLE = 8


@dataclass(frozen=True)
class Race:
    """`people` processes act at one moment; `fault` says what came of it that may not be, "" if nothing."""

    prepare: Callable[[World], None]
    act: Callable[[World, int, bool], None]
    fault: Callable[[World], str]
    break_database: Callable[[World], None] = kill_drills.nothing
    people: int = PEOPLE
    rounds: int = 5
    databases: tuple[str, ...] = ("sqlite", "postgresql")


def one_host(world: World) -> None:
    host = factories.HostFactory()
    for weekday in range(7):
        factories.AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
    factories.LeadFactory.create_batch(PEOPLE)


def book(world: World, number: int, broken: bool) -> None:
    """Each wants half an hour with the one host; every other one a quarter of an hour later."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + dt.timedelta(days=7, hours=15, minutes=15 * (number % 2))
    lead = Lead.objects.order_by("pk")[number]
    with ExitStack() as stack:
        if broken:
            stack.enter_context(mock.patch.object(HostQuerySet, "locked", lambda hosts: hosts))
            stack.enter_context(mock.patch.object(calls, "_pick_host", lambda start, hosts, *args, **kwargs: hosts[0]))
        with suppress(BookingError):
            calls.book_call(lead=lead, start=start, by=ActorKind.PATIENT, now=timezone.now())


def overlapping(world: World) -> str:
    booked = OnboardingCall.objects.booked()
    if not booked:
        return "nobody could book"
    overlaps = sum(
        booked.filter(pk__gt=call.pk, blocked_from__lt=call.blocked_to, blocked_to__gt=call.blocked_from).count()
        for call in booked
    )
    return f"{overlaps} overlaps" if overlaps else ""


def without_constraint(world: World) -> None:
    constraint = next(one for one in OnboardingCall._meta.constraints if hasattr(one, "held"))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {OnboardingCall._meta.db_table} DROP CONSTRAINT {constraint.name}")
        else:
            for event in ("insert", "update"):
                cursor.execute(f"DROP TRIGGER {constraint.name}_{event}")


def chain_events(world: World, number: int, broken: bool) -> None:
    """Half of them write events, half chain them."""
    if number % 2:
        with transaction.atomic():  # which ends after others have chained events with higher ids
            for lead in Lead.objects.all():
                record_event(lead, AuditAction.SIGNED_UP, by=ActorKind.PATIENT, now=timezone.now())
        return
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(chain, "CHAIN_BATCH", 3))
        if broken:
            stack.enter_context(rows_uncounted())
        for _ in range(PEOPLE):
            chain.append_to_chain(timezone.now)


@contextmanager
def rows_uncounted() -> Iterator[None]:
    """The rules “one at a time” and “what was not written is not noted” broken."""
    source = inspect.getsource(chain._append_batch)
    broken = source.replace("if cursor.rowcount != len(rows):", "if False:")
    assert broken != source
    namespace = dict(vars(chain))
    exec(broken, namespace)
    with (
        mock.patch.object(chain, "_append_batch", namespace["_append_batch"]),
        mock.patch.object(chain, "_lock_chain"),
        kill_drills.head_before_the_commit(),
    ):
        yield


def chain_fault(world: World) -> str:
    try:
        kill_drills.census(world)
    except chain.ChainVerificationError as error:
        return str(error)
    return ""


def deliver(world: World, number: int, broken: bool) -> None:
    settings.EMAIL_BACKEND = "bench.kill_drills.Mailbox"
    with mock.patch.object(delivery, "_lease_batch", everything_due) if broken else nullcontext():
        while delivery.deliver_due(timezone.now):
            pass


def everything_due(token: Any, now: dt.datetime) -> list[OutboxMessage]:
    """The rule “leased by one worker” broken: whoever comes takes all."""
    due = list(OutboxMessage.objects.due(now).select_related("lead"))
    OutboxMessage.objects.filter(pk__in=[message.pk for message in due]).update(
        lease_token=token, lease_expires_at=now + delivery.LEASE
    )
    for message in due:
        message.first_attempt_at = now
    return due


def delivery_fault(world: World) -> str:
    arrived = kill_drills.arrivals(world)
    twice, lost = len(arrived) - len(set(arrived)), OutboxMessage.objects.count() - len(set(arrived))
    return f"{twice} twice, {lost} lost" if twice or lost else ""


RACES = {
    "booking": Race(one_host, book, overlapping, without_constraint),
    "sealing": Race(kill_drills.events, chain_events, chain_fault, databases=("postgresql",)),
    "delivery": Race(kill_drills.messages, deliver, delivery_fault, people=3),
}
