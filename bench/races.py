"""What several processes may do at one moment, and the database and the product without what keeps them apart."""

import datetime as dt
import inspect
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
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
EDITIONS = 40  # transactions of each writer
NOBODY = uuid.UUID(int=0)


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
    """Half of them write events, which commit after others with higher ids; half chain what they find."""
    if number % 2:
        for _ in range(EDITIONS):
            with transaction.atomic():
                for lead in Lead.objects.order_by("pk")[:3]:
                    record_event(lead, AuditAction.SIGNED_UP, by=ActorKind.PATIENT, now=timezone.now())
        return
    written = kill_drills.PEOPLE + 3 * EDITIONS * PEOPLE // 2
    with rows_uncounted() if broken else nullcontext():
        while chain.AuditEvent.objects.exclude(sequence=None).count() < written:
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
        mock.patch.object(chain, "_lost_race", return_value=False),
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
    with ExitStack() as stack:
        if broken:
            stack.enter_context(mock.patch.object(delivery, "_lease_batch", everything_pending))
            stack.enter_context(mock.patch.object(delivery.uuid, "uuid4", return_value=NOBODY))
        while delivery.deliver_due(timezone.now):
            pass


def everything_pending(token: uuid.UUID, now: dt.datetime) -> list[OutboxMessage]:
    """The rule “leased by one worker” broken: whoever comes takes all, and lets the others go on with them."""
    pending = OutboxMessage.objects.pending()
    pending.filter(lease_token=None).update(lease_token=NOBODY, lease_expires_at=now + delivery.LEASE)
    taken = list(pending.select_related("lead"))
    for message in taken:
        message.first_attempt_at = now
    return taken


def delivery_fault(world: World) -> str:
    arrived = kill_drills.arrivals(world)
    twice, lost = len(arrived) - len(set(arrived)), OutboxMessage.objects.count() - len(set(arrived))
    return f"{twice} twice, {lost} lost" if twice or lost else ""


RACES = {
    "booking": Race(one_host, book, overlapping, without_constraint),
    "sealing": Race(kill_drills.events, chain_events, chain_fault, databases=("postgresql",)),
    "delivery": Race(kill_drills.messages, deliver, delivery_fault, people=3),
}
