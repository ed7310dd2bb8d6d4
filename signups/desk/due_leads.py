"""Leads with something due: an open follow-up, a callback, a booked call; found by the indexes of those."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from clinic.lib.time_zones import midnight
from signups.callbacks.models import CallbackRequest
from signups.calls.models import OnboardingCall
from signups.followups.models import FollowUp
from signups.leads.models import Lead, LeadQuerySet

DUE_WITHIN: Mapping[str, str] = {"overdue": "Overdue", "today": "Today or overdue", "week": "Within 7 days"}
ROWS_PER_LEAD = 4  # read of each kind for one lead shown, as a lead may have several


def leads_due(leads: LeadQuerySet, within: str, now: dt.datetime) -> LeadQuerySet:
    """Narrow `leads` to those with something due within a span of DUE_WITHIN."""
    days = {"overdue": None, "today": 1, "week": 8}[within]
    until = now if days is None else midnight(timezone.localdate(now) + dt.timedelta(days=days))
    one, *others = (rows.filter(**{f"{at}__lt": until}).order_by().values("lead") for rows, at in _open_work())
    return leads.filter(pk__in=one.union(*others))


def soonest_due(leads: LeadQuerySet, size: int) -> dict[int, dt.datetime]:
    """Return the key of up to `size` of `leads` with what is due soonest, and when, in that order."""
    first: dict[int, dt.datetime] = {}
    for rows, at in _open_work():
        chosen = rows.filter(lead__in=leads.order_by().values("pk")).order_by(at, "pk").values_list("lead_id", at)
        for lead, due in chosen[: size * ROWS_PER_LEAD]:
            first[lead] = min(due, first.get(lead, due))
    return dict(sorted(first.items(), key=lambda item: (item[1], item[0]))[:size])


def _open_work() -> list[tuple[QuerySet[Any], str]]:
    """Return the open rows of each kind and the column of when they are due."""
    return [
        (FollowUp.objects.open(), "due_at"),
        (CallbackRequest.objects.open(), "call_at"),
        (OnboardingCall.objects.booked(), "starts_at"),
    ]


def in_order(leads: QuerySet[Lead], due: dict[int, dt.datetime]) -> list[Lead]:
    """Return the leads of `soonest_due`, soonest first."""
    return sorted(leads.filter(pk__in=due), key=lambda lead: [*due].index(lead.pk))
