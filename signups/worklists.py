"""The lists that staff work from: each one question about leads, for the desk's numbers and for the list."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone

from .models import CallbackRequest, OnboardingCall, Trial
from .models.leads import LeadQuerySet as Leads

SOON = dt.timedelta(hours=48)


@dataclass(frozen=True)
class Worklist:
    """A saved view: `narrow` takes leads, whoever asks, and now."""

    label: str
    narrow: Callable[[Leads, User, dt.datetime], Leads]


def _due(leads: Leads, user: User, now: dt.datetime) -> Leads:
    return leads.filter(pk__in=CallbackRequest.objects.open().due(now).values("lead"))


def _ending(leads: Leads, user: User, now: dt.datetime) -> Leads:
    return leads.filter(pk__in=Trial.objects.ending_within(SOON, now).order_by().values("lead"))


def _refunds(leads: Leads, user: User, now: dt.datetime) -> Leads:
    return leads.filter(pk__in=Trial.objects.refund_owed().order_by().values("lead"))


def _today(leads: Leads, user: User, now: dt.datetime) -> Leads:
    day = timezone.localdate(now)
    today = OnboardingCall.objects.booked().filter(
        starts_at__gte=midnight(day), starts_at__lt=midnight(day + dt.timedelta(days=1))
    )
    return leads.filter(pk__in=today.order_by().values("lead"))


WORKLISTS = {
    "mine": Worklist("Mine", lambda leads, user, now: leads.open().filter(owner=user)),
    "unassigned": Worklist("Unassigned", lambda leads, user, now: leads.unassigned()),
    "due": Worklist("Due", _due),
    "calls": Worklist("Calls today", _today),
    "ending": Worklist("Ending", _ending),
    "refunds": Worklist("Refunds", _refunds),
}


def midnight(day: dt.date) -> dt.datetime:
    """The instant at which `day` begins where the clinic is."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
