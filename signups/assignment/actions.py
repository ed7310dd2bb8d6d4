"""Giving out leads in turn, so that each of the staff gets as many as the others and none waits for a hand."""

import datetime as dt
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import connection, transaction

from signups.audit.actions import Actor
from signups.audit.choices import ActorKind
from signups.hosts.models import TimeOff
from signups.leads.actions import assign_lead
from signups.leads.models import Lead

from .models import AssignmentRotation

ASSIGN_BATCH = 50
NEVER_ASSIGNED = dt.datetime.min.replace(tzinfo=dt.UTC)


def available_staff(now: dt.datetime) -> list[User]:
    """Those who are given leads, may sign in, and have no time off just now."""
    backend = "django.contrib.auth.backends.ModelBackend"
    takers = User.objects.with_perm("signups.take_lead", include_superusers=False, backend=backend)
    away = TimeOff.objects.filter(starts_at__lte=now, ends_at__gt=now).values("host__user")
    return list(takers.filter(is_staff=True).exclude(pk__in=away).order_by("pk"))


@transaction.atomic
def assign_round_robin(*, lead: Lead, by: Actor, now: dt.datetime) -> User | None:
    """Gives `lead` to whoever has waited longest for one; None when nobody is there. Raises leads.Refused."""
    there = {user.pk: user for user in available_staff(now)}
    AssignmentRotation.objects.bulk_create([AssignmentRotation(user_id=pk) for pk in there], ignore_conflicts=True)
    # All of them, in one order: two at once must not both find the same person waiting.
    turns = list(AssignmentRotation.objects.select_for_update().filter(user__in=there).order_by("user_id"))
    if not turns:
        return None
    longest = min(turns, key=lambda turn: (turn.last_assigned_at or NEVER_ASSIGNED, turn.user_id))
    user = there[longest.user_id]
    assign_lead(lead=lead, to=user, by=by, now=now)
    AssignmentRotation.objects.filter(pk=longest.pk).update(last_assigned_at=now)
    return user


def assign_unassigned(clock: Callable[[], dt.datetime]) -> int:
    """The worker's job: gives out a batch of open leads that are nobody's, longest waiting first; how many it gave."""
    given = 0
    while given < ASSIGN_BATCH and _assign_one(clock()):
        given += 1
    return given


@transaction.atomic
def _assign_one(now: dt.datetime) -> bool:
    waiting = Lead.objects.unassigned().order_by("created_at", "id")
    waiting = waiting.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    lead = waiting.first()
    return bool(lead and assign_round_robin(lead=lead, by=ActorKind.SYSTEM, now=now))
