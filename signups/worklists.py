"""The lists that staff work from: each one question about leads, for the desk's numbers and for the list."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone

from .models import CallbackRequest, Trial
from .models.leads import LeadQuerySet as Leads

SOON = dt.timedelta(hours=48)


@dataclass(frozen=True)
class Worklist:
    """`narrow` takes leads, whoever asks, and now. `at_hand` has it shown on the desk, in the order of WORKLISTS."""

    label: str
    narrow: Callable[[Leads, User, dt.datetime], Leads]
    at_hand: str = ""


def _overdue(leads: Leads, user: User, now: dt.datetime) -> Leads:
    return leads.filter(pk__in=CallbackRequest.objects.open().overdue(now).values("lead"))


def _due(leads: Leads, user: User, now: dt.datetime) -> Leads:
    return leads.filter(pk__in=CallbackRequest.objects.open().due(now).values("lead"))


def _ending(leads: Leads, user: User, now: dt.datetime) -> Leads:
    return leads.filter(pk__in=Trial.objects.ending_within(SOON, now).order_by().values("lead"))


def _refunds(leads: Leads, user: User, now: dt.datetime) -> Leads:
    return leads.filter(pk__in=Trial.objects.refund_requested().order_by().values("lead"))


# In the order to act.
WORKLISTS = {
    "overdue": Worklist("Overdue callbacks", _overdue, "Callbacks that are overdue"),
    "due": Worklist("Due callbacks", _due, "Callbacks to make now"),
    "unassigned": Worklist("Unassigned", lambda leads, user, now: leads.unassigned(), "Open leads without an owner"),
    "ending": Worklist("Ending", _ending, "Trials that end within 48 hours"),
    "refunds": Worklist("Refunds", _refunds, "Refund requests"),
    "mine": Worklist("Mine", lambda leads, user, now: leads.filter(owner=user)),
}


def midnight(day: dt.date) -> dt.datetime:
    """The instant at which `day` begins where the clinic is."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
