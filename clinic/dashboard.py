"""The first page of the care desk: what waits, in the order to act, and how the clinic is doing."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from clinic.lib.row_count import RowCount, count_rows
from content.admin.review_queue import concerns
from signups.callbacks.models import CallbackRequest
from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from signups.desk.saved_views import SAVED_VIEWS
from signups.leads.models import Lead
from signups.reports import daily_metrics
from signups.reports.choices import Metric

PERIODS = (7, 30, 90)
MAX_TASKS = 20  # of each kind, at most: more is a list of its own
FUNNEL = (Metric.SIGNED_UP, Metric.STARTED, Metric.CONTACTED, Metric.CONVERTED)


@dataclass(frozen=True)
class CounterTile:
    """How many wait, and the list that shows exactly those."""

    label: str
    count: RowCount
    url: str
    urgent: bool = False


@dataclass(frozen=True)
class Bar:
    """`share` is of the longest bar, in whole percent."""

    label: str
    number: int
    share: int
    note: str = ""

    @property
    def gap(self) -> int:
        """What is left above an upright bar."""
        return 100 - self.share


@dataclass(frozen=True)
class Chart:
    title: str
    bars: list[Bar]
    upright: bool = False
    top: str = ""  # what a bar of full height stands for


def counters(user: Any, now: dt.datetime) -> list[CounterTile]:
    """What waits for whoever has the right to see it."""
    found = []

    def add(label: str, rows: QuerySet[Any], url: str, *, urgent: bool = False) -> None:
        found.append(CounterTile(label, count_rows(rows), url, urgent))

    def add_leads(label: str, view: str) -> None:
        leads = SAVED_VIEWS[view].apply(Lead.objects.all(), user, now)
        add(label, leads, reverse("admin:signups_lead_changelist") + f"?view={view}")

    if user.has_perm("signups.work_callbackrequest"):
        waiting, queue = CallbackRequest.objects.open(), reverse("admin:signups_callbackrequest_changelist")
        add("Callbacks overdue", waiting.overdue(now), f"{queue}?view=overdue", urgent=True)
        add("Callbacks to make now", waiting.due(now), f"{queue}?view=due")
    if user.has_perm("signups.view_lead"):
        add_leads("Leads with a call today", "calls")
        add_leads("Open leads without an owner", "unassigned")
        add_leads("Trials that end within 48 hours", "ending")
        add_leads("Refund requests", "refunds")
    return found


def content_alerts(user: Any, now: dt.datetime) -> list[CounterTile]:
    """What in the texts needs somebody's eye, worst first, for those who may read them."""
    if not user.has_perm("content.view_article"):
        return []
    return [CounterTile(each.label, RowCount(each.count), each.url) for each in concerns(now) if each.count]


@dataclass(frozen=True)
class TaskItem:
    """Somebody for the reader to see to, and the page where one more click says how it went."""

    what: str
    who: str
    at: dt.datetime
    url: str


def my_tasks(user: Any, now: dt.datetime) -> list[TaskItem]:
    """The callbacks the reader took, those overdue that nobody took, and the reader's calls that have begun without an
    outcome yet; longest waiting first."""
    found: list[tuple[str, Lead, dt.datetime]] = []
    if user.has_perm("signups.work_callbackrequest"):
        waiting = CallbackRequest.objects.open().soonest_first().select_related("lead")
        taken, left = waiting.claimed_by(user), waiting.overdue(now).unclaimed()
        found += [("Call back", callback.lead, callback.call_at) for callback in taken[:MAX_TASKS]]
        found += [("Call back (nobody has it)", callback.lead, callback.call_at) for callback in left[:MAX_TASKS]]
    if user.has_perm("signups.change_onboardingcall"):
        begun = OnboardingCall.objects.unsettled(now).filter(host__user=user).select_related("lead")
        found += [("Say how the call went", call.lead, call.starts_at) for call in begun[:MAX_TASKS]]
    return [
        TaskItem(what, str(lead), at, reverse("admin:signups_lead_change", args=[lead.pk]))
        for what, lead, at in sorted(found, key=lambda task: task[2])
    ]


def parse_period(request: HttpRequest) -> int:
    """How many days the figures cover, today included. Raises BadRequest."""
    asked = request.GET.get("days", "30")
    if asked not in {str(days) for days in PERIODS}:
        raise BadRequest("There are no figures of so many days.")
    return int(asked)


def build_charts(days: int, now: dt.datetime) -> list[Chart]:
    """The figures of the last `days` days."""
    zone = ZoneInfo(timezone.get_current_timezone_name())
    today = now.astimezone(zone).date()
    calendar = [today - dt.timedelta(days=back) for back in reversed(range(days))]
    figures = daily_metrics.metrics_since(calendar[0], now, zone)
    total: Counter[Metric] = Counter()
    by_key: Counter[tuple[Metric, str]] = Counter()
    by_day: Counter[tuple[Metric, dt.date]] = Counter()
    missed: Counter[dt.date] = Counter()
    for (day, measure, key), number in figures.items():
        total[measure] += number
        by_key[measure, key] += number
        by_day[measure, day] += number
        if (measure, key) == (Metric.CALLS, CallStatus.NO_SHOW):
            missed[day] += number
    funnel = [(measure.label, total[measure]) for measure in FUNNEL]
    sources = [(key or "unknown", n) for (measure, key), n in by_key.most_common() if measure == Metric.SIGNED_UP]
    waits = [
        (name, by_key[Metric.FIRST_CONTACT, name])
        for name in (*daily_metrics.RESPONSE_TIME_BUCKETS, daily_metrics.LATER, daily_metrics.NO_RESPONSE)
    ]
    calls = [
        ("took place", by_key[Metric.CALLS, CallStatus.COMPLETED]),
        ("no-show", by_key[Metric.CALLS, CallStatus.NO_SHOW]),
    ]
    return [
        _sign_ups((_date(day), by_day[Metric.SIGNED_UP, day]) for day in calendar),
        Chart("From sign-up to patient", _bars(funnel, of=total[Metric.SIGNED_UP])),
        Chart("First came from", _bars(sources, of=total[Metric.SIGNED_UP])),
        Chart("Time to first contact", _bars(waits, of=total[Metric.SIGNED_UP])),
        Chart("Calls", _bars(calls, of=total[Metric.CALLS])),
        _no_shows(calendar, missed, Counter({day: by_day[Metric.CALLS, day] for day in calendar})),
    ]


def _sign_ups(days: Iterable[tuple[str, int]]) -> Chart:
    bars = _bars(days)
    return Chart("Sign-ups per day", bars, upright=True, top=f"{max(bar.number for bar in bars):,}")


def _no_shows(calendar: list[dt.date], missed: Counter[dt.date], calls: Counter[dt.date]) -> Chart:
    """What part of the calls was missed: day by day in a week, else week by week, the last of them up to today."""
    step = 1 if len(calendar) <= 7 else 7
    bars = []
    for end in range(len(calendar) % step or step, len(calendar) + 1, step):
        days = calendar[max(0, end - step) : end]
        no_shows, of = sum(missed[day] for day in days), sum(calls[day] for day in days)
        rate = round(100 * no_shows / of) if of else 0
        bars.append(Bar(_date(days[0]), no_shows, rate, f"{rate} % of {of}" if of else "no calls"))
    return Chart(
        f"No-shows {'per day' if step == 1 else 'week by week'}, of all calls", bars, upright=True, top="100 %"
    )


def _date(day: dt.date) -> str:
    return f"{day:%b} {day.day}"


def _bars(rows: Iterable[tuple[str, int]], of: int = 0) -> list[Bar]:
    """Bars as long as the longest allows; with `of`, each says what part of that many it is."""
    rows = list(rows)
    longest = max((number for _, number in rows), default=0) or 1
    part = {number: f"{100 * number / of:.0f} %" if of else "" for _, number in rows}
    return [Bar(label, number, round(100 * number / longest), part[number]) for label, number in rows]
