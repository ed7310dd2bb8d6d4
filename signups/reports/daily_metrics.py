"""Daily metrics of the desk: past days are stored, today is computed on request.

The metrics of a day describe the leads who signed up on it, so they keep changing while these leads progress. The
worker recomputes the last DAYS_REFRESHED days.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from signups.leads.choices import LeadStatus
from signups.leads.contact import HAD_CONTACT
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.trials.models import Trial

from .choices import Metric
from .models import DailyMetric

DAYS_REFRESHED = 90
TOP_SOURCES = 8  # the rest is combined: anyone can put any source into a URL
OTHER = "Other"
# Upper bounds of the time to first contact, by label.
RESPONSE_TIME_BUCKETS = {
    "within an hour": dt.timedelta(hours=1),
    "within 4 hours": dt.timedelta(hours=4),
    "within a day": dt.timedelta(days=1),
    "within 3 days": dt.timedelta(days=3),
}
LATER, NO_RESPONSE = "later", "not yet"
ONE_DAY = dt.timedelta(days=1)
RECENT_EVENTS_SPAN = dt.timedelta(minutes=11)  # two runs of the worker, and one more minute
LATEST_EVENTS = 500
MetricKey = tuple[dt.date, Metric, str]


def refresh_metrics(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: recompute the stored metrics of the days before today.

    Returns 0: the next scheduled run is soon enough.
    """
    zone = ZoneInfo(current_offer().time_zone)
    today = clock().astimezone(zone).date()
    first = today - dt.timedelta(days=DAYS_REFRESHED)
    counted = compute_metrics(first, today, zone)
    rows = [
        DailyMetric(day=day, metric=metric, dimension=key, value=number)
        for (day, metric, key), number in counted.items()
    ]
    with transaction.atomic():
        # Lock in one order, so that concurrent workers wait for each other instead of deadlocking.
        list(DailyMetric.objects.select_for_update().filter(day__gte=first).order_by("pk").values_list("pk"))
        DailyMetric.objects.filter(day__gte=first).delete()
        DailyMetric.objects.bulk_create(rows, ignore_conflicts=True)
    return 0


def metrics_since(first: dt.date, now: dt.datetime, zone: ZoneInfo) -> Counter[MetricKey]:
    """Return all metrics of the days from `first` to today.

    Past days come from the table; today is computed, and so is each day that something since its last refresh is about.
    """
    today = now.astimezone(zone).date()
    changed = {day for day in _changed_days(now, zone) if first <= day < today}
    stored = DailyMetric.objects.filter(day__gte=first, day__lt=today).exclude(day__in=changed)
    metrics: Counter[MetricKey] = Counter({(row.day, Metric(row.metric), row.dimension): row.value for row in stored})
    return metrics + _compute([(day, day + ONE_DAY) for day in sorted({*changed, today})], zone)


def _changed_days(now: dt.datetime, zone: ZoneInfo) -> set[dt.date]:
    """Return the days that the latest events are about: when their leads signed up, and when their calls were."""
    events = AuditEvent.objects.filter(lead__isnull=False).exclude(action__in=[AuditAction.READ, AuditAction.LISTED])
    latest = events.order_by("-id").values_list("lead", "occurred_at")[:LATEST_EVENTS]
    leads = {lead for lead, occurred_at in latest if occurred_at > now - RECENT_EVENTS_SPAN}
    moments = [
        *Lead.objects.filter(pk__in=leads).values_list("created_at", flat=True),
        *OnboardingCall.objects.filter(lead__in=leads).order_by().values_list("starts_at", flat=True),
    ]
    return {moment.astimezone(zone).date() for moment in moments}


def compute_metrics(first: dt.date, after: dt.date, zone: ZoneInfo) -> Counter[MetricKey]:
    """Compute all metrics of the days in `[first, after)` from the source rows.

    An imported lead signed up on no day.
    """
    return _compute([(first, after)], zone)


def _compute(spans: list[tuple[dt.date, dt.date]], zone: ZoneInfo) -> Counter[MetricKey]:
    """Compute the metrics of the days in several spans, in as many queries as of one."""
    leads = Lead.objects.exclude(status=LeadStatus.MERGED).filter(_within("created_at", spans, zone))
    brought = AuditEvent.objects.filter(
        lead=OuterRef("pk"), action=AuditAction.IMPORTED, occurred_at=OuterRef("created_at")
    )
    by_day = leads.filter(~Exists(brought)).annotate(day=TruncDate("created_at", tzinfo=zone))
    trials = Trial.objects.filter(lead=OuterRef("pk"))
    metrics: Counter[MetricKey] = Counter()
    metrics.update(_by(by_day.values("day", "first_touch_source"), Metric.SIGNED_UP, "first_touch_source"))
    metrics.update(_by(by_day.filter(Exists(trials.filter(started_at__isnull=False))), Metric.STARTED))
    converted = Exists(trials.filter(converted_at__isnull=False))
    metrics.update(_by(by_day.filter(HAD_CONTACT | Q(converted)), Metric.CONTACTED))
    metrics.update(_by(by_day.filter(converted), Metric.CONVERTED))
    metrics.update(_response_times(by_day))
    metrics.update(_calls(_within("starts_at", spans, zone), zone))
    return metrics


def _by(rows: QuerySet[Any], metric: Metric, key: str = "") -> Counter[MetricKey]:
    """Count `rows`, annotated with `day`, by day and by the field `key`.

    Only the TOP_SOURCES most frequent values of `key` are counted separately.
    """
    fields = ["day", key] if key else ["day"]
    counted = rows.order_by().values(*fields).annotate(number=Count("pk"))
    found: Counter[MetricKey] = Counter()
    named = _top_sources([(row[key], row["number"]) for row in counted]) if key else set()
    for row in counted:
        name = (row[key] if row[key] in named else OTHER) if key else ""
        found[row["day"], metric, name] += row["number"]
    return found


def _top_sources(found: list[tuple[str, int]]) -> set[str]:
    totals: Counter[str] = Counter()
    for name, number in found:
        totals[name] += number
    return {name for name, _ in totals.most_common(TOP_SOURCES)}


def _response_times(by_day: QuerySet[Any]) -> Counter[MetricKey]:
    """Count leads by day and by the bucket of the time to first contact."""
    found: Counter[MetricKey] = Counter()
    for day, wait in (
        by_day.annotate(wait=F("first_contact_at") - F("created_at")).order_by().values_list("day", "wait")
    ):
        name = (
            NO_RESPONSE
            if wait is None
            else next((name for name, most in RESPONSE_TIME_BUCKETS.items() if wait <= most), LATER)
        )
        found[day, Metric.FIRST_CONTACT, name] += 1
    return found


def _within(field: str, spans: list[tuple[dt.date, dt.date]], zone: ZoneInfo) -> Q:
    """Return the condition that `field` is on a day of one of the spans."""
    condition = Q(pk__in=[])
    for span in spans:
        begin, end = (dt.datetime.combine(day, dt.time(), zone) for day in span)
        condition |= Q(**{f"{field}__gte": begin, f"{field}__lt": end})
    return condition


def _calls(within: Q, zone: ZoneInfo) -> Counter[MetricKey]:
    """Count completed and missed calls by their local date and status."""
    over = OnboardingCall.objects.filter(within, status__in=[CallStatus.COMPLETED, CallStatus.NO_SHOW]).annotate(
        day=TruncDate("starts_at", tzinfo=zone)
    )
    found: Counter[MetricKey] = Counter()
    for row in over.order_by().values("day", "status").annotate(number=Count("pk")):
        found[row["day"], Metric.CALLS, row["status"]] = row["number"]
    return found
