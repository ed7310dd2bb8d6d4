"""Dashboard of the admin: counters, my tasks, content alerts and charts."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone

from clinic.lib.row_count import RowCount, count_rows
from clinic.lib.time_zones import midnight
from content.admin.review_queue import review_items
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.audit.staff_users import display_name
from signups.calendars.models import CalendarConnection
from signups.callbacks.models import CallbackRequest
from signups.calls.alerts import open_alerts_of
from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from signups.consents.contact_policy import ContactFacts, Decision, facts_of, may_call
from signups.desk.saved_views import SAVED_VIEWS
from signups.followups.models import FollowUp
from signups.leads.models import Lead
from signups.messages.inbound_models import InboundMessage
from signups.reports import daily_metrics
from signups.reports.choices import Metric

from .staff_accounts.actions import pending_resets

PERIODS = (7, 30, 90)
MAX_TASKS = 20  # of each kind
CALL_BACK = "Call back"
FUNNEL = (Metric.SIGNED_UP, Metric.STARTED, Metric.CONTACTED, Metric.CONVERTED)


@dataclass(frozen=True)
class CounterTile:
    """A row count and the URL of the list that shows exactly those rows."""

    label: str
    count: RowCount
    url: str
    urgent: bool = False


@dataclass(frozen=True)
class Bar:
    """One bar of a chart; `share` is its length in whole percent of the longest bar."""

    label: str
    number: int
    share: int
    note: str = ""

    @property
    def gap(self) -> int:
        """Empty space above an upright bar, in percent."""
        return 100 - self.share


@dataclass(frozen=True)
class Chart:
    """A bar chart; `top` labels the value of a full-height upright bar."""

    title: str
    bars: list[Bar]
    upright: bool = False
    top: str = ""


def counters(user: Any, now: dt.datetime) -> list[CounterTile]:
    """Return the counters of callbacks and leads that `user` has permission to see."""
    tiles = []

    def add(label: str, rows: QuerySet[Any], url: str, *, urgent: bool = False) -> None:
        tiles.append(CounterTile(label, count_rows(rows), url, urgent))

    def add_leads(label: str, view: str) -> None:
        leads = SAVED_VIEWS[view].apply(Lead.objects.all(), user, now)
        add(label, leads, reverse("admin:signups_lead_changelist") + f"?view={view}")

    if user.has_perm("signups.work_callbackrequest"):
        open_callbacks, queue = CallbackRequest.objects.open(), reverse("admin:signups_callbackrequest_changelist")
        add("Overdue callbacks", open_callbacks.overdue(now).callable_at(now), f"{queue}?view=overdue", urgent=True)
        add("Callbacks due now", open_callbacks.due(now), f"{queue}?view=due")
    if user.has_perm("signups.work_inboundmessage"):
        add("Replies to read", InboundMessage.objects.unhandled(), reverse("admin:signups_lead_replies"), urgent=True)
    if user.has_perm("signups.view_lead"):
        add_leads("Booked calls today", "calls")
        add_leads("Unassigned leads", "unassigned")
        add_leads("Trials ending within 48 hours", "ending")
        add_leads("Refund requests", "refunds")
        add_leads("Mail came back", "returned")
    if user.has_perm("signups.view_auditevent"):
        _add_failed_sign_ins(tiles, now)
    return tiles


def _add_failed_sign_ins(tiles: list[CounterTile], now: dt.datetime) -> None:
    """Tell who reads the audit log of wrong passwords and codes since yesterday; nothing without any."""
    page, labels = (
        reverse("admin:signups_auditevent_changelist"),
        {
            AuditAction.SECOND_STEP_FAILED: "Wrong codes after a right password",
            AuditAction.SIGN_IN_FAILED: "Wrong passwords",
        },
    )
    events = AuditEvent.objects.filter(action__in=labels, occurred_at__gt=now - dt.timedelta(days=1))
    counts = dict(events.order_by().values_list("action").annotate(Count("pk")))
    for action, label in labels.items():
        if count := counts.get(action, 0):
            urgent = action == AuditAction.SECOND_STEP_FAILED
            tiles.append(CounterTile(f"{label} since yesterday", RowCount(count), f"{page}?action={action}", urgent))


def content_alerts(user: Any, now: dt.datetime) -> list[CounterTile]:
    """Return the non-empty counters of the content review queue.

    Most urgent first; empty without `content.view_article`.
    """
    if not user.has_perm("content.view_article"):
        return []
    return [CounterTile(item.label, RowCount(item.count), item.url) for item in review_items(now) if item.count]


@dataclass(frozen=True)
class TaskItem:
    """One task, as a rule about a lead; `url` is the page where it is done.

    `call` decides whether the lead may be called now, and at which number.
    """

    label: str
    lead_name: str
    due_at: dt.datetime
    url: str
    lead: Lead | None = None
    call: Decision | None = None
    is_overdue: bool = True

    @property
    def key(self) -> str:
        """Return what tells this task from others, without naming anybody."""
        return hashlib.sha256(f"{self.label} {self.url} {self.due_at.isoformat()}".encode()).hexdigest()[:16]


def my_day(user: Any, now: dt.datetime) -> dict[str, Any]:
    """Return the context of `admin/_my_day.html`."""
    return {"my_tasks": my_tasks(user, now), "counters": counters(user, now), "now": now}


def version_of(shown: dict[str, Any]) -> str:
    """Return the entity tag of what My day shows; it changes when a row, its call or a number does.

    The local times, which the page's script keeps going, are no part of it.
    """
    rows = []
    for task in shown["my_tasks"]:
        call = (task.call.allowed, task.call.phone, task.call.reason) if task.call else None
        rows.append((task.key, task.lead_name, task.is_overdue, call))
    numbers = [(counter.label, str(counter.count)) for counter in shown["counters"]]
    return hashlib.sha256(repr((rows, numbers)).encode()).hexdigest()[:32]


def my_tasks(user: Any, now: dt.datetime) -> list[TaskItem]:
    """Return what `user` has to do today, soonest first, at most MAX_TASKS of each kind.

    Their calls of today and those without an outcome, their follow-ups due today, the callbacks they claimed,
    unclaimed overdue callbacks and alerts about their calls.
    """
    tasks: list[tuple[str, Lead, dt.datetime]] = []
    tomorrow = midnight(timezone.localdate(now) + dt.timedelta(days=1))
    if user.has_perm("signups.work_callbackrequest"):
        open_callbacks = CallbackRequest.objects.open().soonest_first().select_related("lead")
        claimed, unclaimed = open_callbacks.claimed_by(user), open_callbacks.overdue(now).callable_at(now).unclaimed()
        tasks += [(CALL_BACK, callback.lead, callback.call_at) for callback in claimed[:MAX_TASKS]]
        tasks += [("Unclaimed callback", callback.lead, callback.call_at) for callback in unclaimed[:MAX_TASKS]]
    if user.has_perm("signups.change_onboardingcall"):
        calls = OnboardingCall.objects.booked().filter(host__user=user, starts_at__lt=tomorrow).order_by("starts_at")
        tasks += [
            ("Log the call outcome" if call.starts_at <= now else call.call_type.title, call.lead, call.starts_at)
            for call in calls.select_related("lead", "call_type")[:MAX_TASKS]
        ]
    if user.has_perm("signups.change_lead"):
        due = FollowUp.objects.open().owned_by(user).due_before(tomorrow).select_related("lead")[:MAX_TASKS]
        tasks += [(f"Follow-up: {follow_up.task}", follow_up.lead, follow_up.due_at) for follow_up in due]
    facts = facts_of({lead.pk: lead for _, lead, _ in tasks}.values(), now) if tasks else {}
    return (
        _reset_tasks(user, now)
        + _calendar_tasks(user, now)
        + [
            _lead_task(label, lead, due_at, now, facts[lead.pk])
            for label, lead, due_at in sorted(tasks, key=itemgetter(2))
        ]
    )


def _reset_tasks(user: Any, now: dt.datetime) -> list[TaskItem]:
    """Return the resets of a second step that somebody else asked for and `user` may confirm."""
    if not user.has_perm("signups.confirm_reset"):
        return []
    return [
        TaskItem(
            "Confirm that they lost their second step",
            display_name(about),
            event.occurred_at,
            reverse("admin:signups_staff_confirm_reset", args=[about.pk]),
        )
        for event, about in pending_resets(now)
        if user not in (about, event.actor)
    ]


def _lead_task(label: str, lead: Lead, due_at: dt.datetime, now: dt.datetime, facts: ContactFacts) -> TaskItem:
    """Return a task about a lead; a callback is overdue only while nobody called and they may be called."""
    call = may_call(lead, now, facts)
    callback = facts.callback if label == CALL_BACK else None
    on_time = callback is not None and (callback.next_at is not None or not call.allowed)
    address = reverse("admin:signups_lead_change", args=[lead.pk])
    return TaskItem(label, str(lead), due_at, address, lead, call, is_overdue=due_at < now and not on_time)


def _calendar_tasks(user: Any, now: dt.datetime) -> list[TaskItem]:
    """Return the alerts about booked calls, and the user's calendars that cannot be read."""
    if not user.has_perm("signups.change_onboardingcall"):
        return []
    alerts = [
        TaskItem(
            f"Call: {alert.get_kind_display()}",
            str(alert.call.lead),
            alert.created_at,
            reverse("admin:signups_onboardingcall_call", args=[alert.call.public_id]),
        )
        for alert in open_alerts_of(user, now).select_related("call__lead")[:MAX_TASKS]
    ]
    failing = [
        TaskItem(
            "Your calendar cannot be read",
            one.get_kind_display(),
            one.failing_since or now,
            reverse("admin:signups_host_calendars", args=[one.host_id]),
        )
        for one in CalendarConnection.objects.failing().filter(host__user=user)[:MAX_TASKS]
    ]
    return alerts + failing


def parse_period(request: HttpRequest) -> int:
    """Return how many days the charts cover. Raises BadRequest unless in PERIODS."""
    requested = request.GET.get("days", "30")
    if requested not in {str(days) for days in PERIODS}:
        raise BadRequest("Choose 7, 30, or 90 days.")
    return int(requested)


def build_charts(days: int, now: dt.datetime) -> list[Chart]:
    """Return the charts of the last `days` days in the current time zone."""
    zone = ZoneInfo(timezone.get_current_timezone_name())
    today = now.astimezone(zone).date()
    calendar = [today - dt.timedelta(days=back) for back in reversed(range(days))]
    total: Counter[Metric] = Counter()
    by_dimension: Counter[tuple[Metric, str]] = Counter()
    by_day: Counter[tuple[Metric, dt.date]] = Counter()
    no_shows: Counter[dt.date] = Counter()
    for (day, metric, dimension), value in daily_metrics.metrics_since(calendar[0], now, zone).items():
        total[metric] += value
        by_dimension[metric, dimension] += value
        by_day[metric, day] += value
        if (metric, dimension) == (Metric.CALLS, CallStatus.NO_SHOW):
            no_shows[day] += value
    funnel = [(metric.label, total[metric]) for metric in FUNNEL]
    sources = [(name or "Unknown", n) for (metric, name), n in by_dimension.most_common() if metric == Metric.SIGNED_UP]
    buckets = (*daily_metrics.RESPONSE_TIME_BUCKETS, daily_metrics.LATER, daily_metrics.NO_RESPONSE)
    response_times = [(bucket, by_dimension[Metric.FIRST_CONTACT, bucket]) for bucket in buckets]
    calls = [
        ("Completed", by_dimension[Metric.CALLS, CallStatus.COMPLETED]),
        ("No-show", by_dimension[Metric.CALLS, CallStatus.NO_SHOW]),
    ]
    return [
        _signup_chart((_format_date(day), by_day[Metric.SIGNED_UP, day]) for day in calendar),
        Chart("Conversion funnel", _bars(funnel, of=total[Metric.SIGNED_UP])),
        Chart("Lead source", _bars(sources, of=total[Metric.SIGNED_UP])),
        Chart("Time to first contact", _bars(response_times, of=total[Metric.SIGNED_UP])),
        Chart("Calls", _bars(calls, of=total[Metric.CALLS])),
        _no_show_chart(calendar, no_shows, Counter({day: by_day[Metric.CALLS, day] for day in calendar})),
    ]


def _signup_chart(days: Iterable[tuple[str, int]]) -> Chart:
    bars = _bars(days)
    return Chart("Sign-ups per day", bars, upright=True, top=f"{max(bar.number for bar in bars):,}")


def _no_show_chart(calendar: list[dt.date], no_shows: Counter[dt.date], calls: Counter[dt.date]) -> Chart:
    """Chart the share of missed calls, by day for up to 7 days, else by week.

    The last week ends today.
    """
    step = 1 if len(calendar) <= 7 else 7
    bars = []
    for end in range(len(calendar) % step or step, len(calendar) + 1, step):
        days = calendar[max(0, end - step) : end]
        missed, total = sum(no_shows[day] for day in days), sum(calls[day] for day in days)
        rate = round(100 * missed / total) if total else 0
        bars.append(
            Bar(
                _format_date(days[0]),
                missed,
                rate,
                f"{rate}% of {total} call{pluralize(total)}" if total else "No calls",
            )
        )
    return Chart(f"No-show rate per {'day' if step == 1 else 'week'}", bars, upright=True, top="100%")


def _format_date(day: dt.date) -> str:
    return f"{day:%b} {day.day}"


def _bars(rows: Iterable[tuple[str, int]], of: int = 0) -> list[Bar]:
    """Scale the bars to the longest; with `of`, note each as a percentage."""
    rows = list(rows)
    longest = max((number for _, number in rows), default=0) or 1
    note = {number: f"{100 * number / of:.0f}%" if of else "" for _, number in rows}
    return [Bar(label, number, round(100 * number / longest), note[number]) for label, number in rows]
