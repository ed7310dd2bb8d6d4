"""Saved views of the lead list: tabs above the list, counters of the dashboard."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from clinic.lib.time_zones import midnight
from signups.callbacks.models import CallbackRequest
from signups.calls.models import OnboardingCall, OnboardingCallQuerySet
from signups.leads.models import LeadQuerySet
from signups.trials.models import Trial

TRIAL_ENDING_WITHIN = dt.timedelta(hours=48)


@dataclass(frozen=True)
class SavedView:
    """A named filter; `apply` takes the leads, the current user and the time."""

    label: str
    apply: Callable[[LeadQuerySet, User, dt.datetime], LeadQuerySet]


def _due(leads: LeadQuerySet, user: User, now: dt.datetime) -> LeadQuerySet:
    return leads.filter(pk__in=CallbackRequest.objects.open().due(now).values("lead"))


def _ending(leads: LeadQuerySet, user: User, now: dt.datetime) -> LeadQuerySet:
    """Open leads whose trial ends soon and who were not contacted about it yet, as the next step has it."""
    ending = Trial.objects.ending_within(TRIAL_ENDING_WITHIN, now).order_by()
    asked = ending.filter(lead__last_contact_at__gte=F("ends_at_db") - TRIAL_ENDING_WITHIN)
    return leads.open().filter(pk__in=ending.values("lead")).exclude(pk__in=asked.values("lead"))


def _refunds(leads: LeadQuerySet, user: User, now: dt.datetime) -> LeadQuerySet:
    return leads.filter(pk__in=Trial.objects.refund_owed().order_by().values("lead"))


def _returned(leads: LeadQuerySet, user: User, now: dt.datetime) -> LeadQuerySet:
    return leads.live().filter(email_bounced_at__isnull=False)


def calls_today(now: dt.datetime) -> OnboardingCallQuerySet:
    """Return the booked calls of the clinic's day without an outcome, soonest first."""
    day = timezone.localdate(now)
    today = OnboardingCall.objects.booked().filter(
        starts_at__gte=midnight(day), starts_at__lt=midnight(day + dt.timedelta(days=1))
    )
    return today.order_by("starts_at", "id")


def _today(leads: LeadQuerySet, user: User, now: dt.datetime) -> LeadQuerySet:
    return leads.filter(pk__in=calls_today(now).order_by().values("lead"))


SAVED_VIEWS = {
    "mine": SavedView("My leads", lambda leads, user, now: leads.open().filter(owner=user)),
    "unassigned": SavedView("Unassigned", lambda leads, user, now: leads.unassigned()),
    "due": SavedView("Callbacks due", _due),
    "calls": SavedView("Calls today", _today),
    "ending": SavedView("Trials ending", _ending),
    "refunds": SavedView("Refund requests", _refunds),
    "returned": SavedView("Mail came back", _returned),
}
