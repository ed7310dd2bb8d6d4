"""Round-robin assignment of unowned leads to available coordinators."""

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
    """Return active staff users who may receive leads and have no time off at `now`."""
    backend = "django.contrib.auth.backends.ModelBackend"
    receivers = User.objects.with_perm("signups.take_lead", include_superusers=False, backend=backend)
    away = TimeOff.objects.filter(starts_at__lte=now, ends_at__gt=now).values("host__user")
    return list(receivers.filter(is_staff=True).exclude(pk__in=away).order_by("pk"))


@transaction.atomic
def assign_round_robin(*, lead: Lead, by: Actor, now: dt.datetime) -> User | None:
    """Assign `lead` to the available user whose last assignment is oldest.

    Returns None when no user is available. Raises ActionError.
    """
    available = {user.pk: user for user in available_staff(now)}
    AssignmentRotation.objects.bulk_create([AssignmentRotation(user_id=pk) for pk in available], ignore_conflicts=True)
    # Lock all rows in one order, so that concurrent calls cannot select the same user.
    rotation = list(AssignmentRotation.objects.select_for_update().filter(user__in=available).order_by("user_id"))
    if not rotation:
        return None
    next_up = min(rotation, key=lambda row: (row.last_assigned_at or NEVER_ASSIGNED, row.user_id))
    user = available[next_up.user_id]
    assign_lead(lead=lead, to=user, by=by, now=now)
    AssignmentRotation.objects.filter(pk=next_up.pk).update(last_assigned_at=now)
    return user


def assign_unassigned(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: assign a batch of unassigned open leads, oldest first.

    Returns the number assigned.
    """
    assigned = 0
    while assigned < ASSIGN_BATCH and _assign_one(clock()):
        assigned += 1
    return assigned


@transaction.atomic
def _assign_one(now: dt.datetime) -> bool:
    unassigned = Lead.objects.awaiting_rotation().order_by("created_at", "id")
    unassigned = unassigned.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    lead = unassigned.first()
    return bool(lead and assign_round_robin(lead=lead, by=ActorKind.SYSTEM, now=now))
