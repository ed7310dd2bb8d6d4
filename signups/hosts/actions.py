"""The hours of those who take calls, and the clinic's holidays."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction

from .models import AvailabilityRule, Holiday, Host


@transaction.atomic
def set_weekly_hours(host: Host, rules: Iterable[tuple[int, int, int]], *, by: Actor, now: dt.datetime) -> None:
    """`rules` (weekday, start, end) are the host's week from now on. What is booked already stays."""
    Host.objects.locked().get(pk=host.pk)
    wanted = sorted(set(rules))
    if sorted(host.rules.values_list("weekday", "start", "end")) == wanted:
        return
    host.rules.all().delete()
    AvailabilityRule.objects.bulk_create(
        AvailabilityRule(host=host, weekday=weekday, start=start, end=end) for weekday, start, end in wanted
    )
    record_event(None, AuditAction.HOURS_CHANGED, by=by, now=now, target=f"host:{host.pk}")


@transaction.atomic
def rotate_feed_token(host: Host, *, by: Actor, now: dt.datetime) -> None:
    """The calendar feed gets a new address, and the one given out so far stops working."""
    host = Host.objects.locked().get(pk=host.pk)
    host.feed_version += 1
    host.save(update_fields=["feed_version"])
    record_event(None, AuditAction.FEED_REPLACED, by=by, now=now, target=f"host:{host.pk}")


@transaction.atomic
def add_federal_holidays(year: int, *, by: Actor, now: dt.datetime) -> int:
    """The federal holidays of the United States, on the days they are observed; how many were new. Names stay."""
    from holidays import country_holidays  # only where a year is added

    found = country_holidays("US", years=year)
    added = sum(
        Holiday.objects.get_or_create(date=date, defaults={"name": name[:80]})[1] for date, name in found.items()
    )
    record_event(None, AuditAction.HOLIDAYS_ADDED, by=by, now=now, target=f"holidays:{year}", added=added)
    return added
