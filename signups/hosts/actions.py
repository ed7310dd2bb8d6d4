"""Actions on hosts: weekly hours, calendar feed token, clinic holidays."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction

from .models import AvailabilityRule, Holiday, Host


@transaction.atomic
def set_weekly_hours(host: Host, rules: Iterable[tuple[int, int, int]], *, by: Actor, now: dt.datetime) -> None:
    """Replace the weekly hours of `host` by `rules` (weekday, start, end).

    Existing bookings are kept. Idempotent.
    """
    Host.objects.locked().get(pk=host.pk)
    new_rules = sorted(set(rules))
    if sorted(host.rules.values_list("weekday", "start", "end")) == new_rules:
        return
    host.rules.all().delete()
    AvailabilityRule.objects.bulk_create(
        AvailabilityRule(host=host, weekday=weekday, start=start, end=end) for weekday, start, end in new_rules
    )
    record_event(None, AuditAction.HOURS_CHANGED, by=by, now=now, target=f"host:{host.pk}")


@transaction.atomic
def rotate_feed_token(host: Host, *, by: Actor, now: dt.datetime) -> None:
    """Give the calendar feed of `host` a new URL; the former one stops working."""
    host = Host.objects.locked().get(pk=host.pk)
    host.feed_version += 1
    host.save(update_fields=["feed_version"])
    record_event(None, AuditAction.FEED_REPLACED, by=by, now=now, target=f"host:{host.pk}")


@transaction.atomic
def add_federal_holidays(year: int, *, by: Actor, now: dt.datetime) -> int:
    """Add the observed US federal holidays of `year`; return how many were new.

    Existing dates keep their names.
    """
    from holidays import country_holidays  # slow import, needed here only

    found = country_holidays("US", years=year)
    added = sum(
        Holiday.objects.get_or_create(date=date, defaults={"name": name[:80]})[1] for date, name in found.items()
    )
    record_event(None, AuditAction.HOLIDAYS_ADDED, by=by, now=now, target=f"holidays:{year}", added=added)
    return added
