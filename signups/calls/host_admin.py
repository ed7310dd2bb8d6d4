"""Admin of hosts, their weekly hours, and the clinic's holidays."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST

from clinic.lib import normalization
from clinic.lib.form_fields import SUPPORTED_DATES
from signups.audit.staff_users import staff_user
from signups.hosts import actions as host_actions
from signups.hosts import links as host_links
from signups.hosts.actions import rotate_feed_token, set_weekly_hours
from signups.hosts.forms import WEEKDAYS, HostForm, OverrideForm, TimeOffForm, TimeOffFormSet
from signups.hosts.models import DateOverride, Holiday, Host, TimeOff
from signups.offer import current_offer
from signups.web.responses import redirect_after_post
from signups.web.staff_views import staff_view

from . import availability
from .actions import LOAD_DAYS
from .choices import CallStatus
from .models import OnboardingCall, OnboardingCallQuerySet

DAY = dt.timedelta(days=1)
SHOWN = 20  # calls listed in one warning


def warn(request: HttpRequest, calls: OnboardingCallQuerySet, on: tuple[dt.date, dt.date] | None = None) -> None:
    """Warn about upcoming booked calls that lie outside the hours just saved.

    `on` limits the check to a (first, last) range of dates in the host's time zone.
    """
    booked = calls.upcoming(timezone.now()).select_related("lead", "host__user")
    if on:
        near = (dt.datetime.combine(date, dt.time(), dt.UTC) for date in on)
        booked = booked.filter(starts_at__gte=next(near) - DAY, starts_at__lt=next(near) + 2 * DAY)
    found = [
        call
        for call in availability.calls_outside_hours(booked, current_offer())
        if not on or on[0] <= call.date() <= on[1]
    ]
    if not found:
        return
    links_ = format_html_join(
        ", ",
        '<a href="{}">{} with {}, {}</a>',
        (
            (
                reverse("admin:signups_onboardingcall_call", args=[call.public_id]),
                normalization.initials(call.lead.name),  # (a message may travel in a cookie)
                call.host,
                date_format(timezone.localtime(call.starts_at), "D, M j, g:i A"),
            )
            for call in found[:SHOWN]
        ),
    )
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    words = "Saved. These booked calls are now outside available hours: {}{}. Open a call to reschedule it."
    messages.warning(request, format_html(words, links_, more))


def may_edit(request: HttpRequest, host: Host | None) -> bool:
    """Return whether the user may change any host, or this host as their own."""
    if request.user.has_perm("signups.change_host"):
        return True
    own = host is None or host.user_id == request.user.pk
    return own and request.user.has_perm("signups.change_own_host")


class OfHost:
    """Inline permissions: users who may edit the host may edit the rows."""

    extra = 1

    def has_view_permission(self, request: HttpRequest, obj: Host | None = None) -> bool:
        return request.user.has_perm("signups.view_host")

    def has_add_permission(self, request: HttpRequest, obj: Host | None = None) -> bool:
        return may_edit(request, obj)

    has_change_permission = has_delete_permission = has_add_permission


class OverrideInline(OfHost, admin.StackedInline):
    model = DateOverride
    form = OverrideForm
    verbose_name_plural = "Date overrides"


class TimeOffInline(OfHost, admin.StackedInline):
    model = TimeOff
    form = TimeOffForm
    formset = TimeOffFormSet
    verbose_name_plural = "Time off (in the host’s time zone)"


@admin.register(Host)
class HostAdmin(admin.ModelAdmin):
    form = HostForm
    list_display = ["name", "time_zone", "active", "daily_limit", "weight", "recent_calls", "calls_per_weight"]
    list_select_related = ["user"]
    inlines = [OverrideInline, TimeOffInline]
    readonly_fields = ["week", "feed"]
    fieldsets = [
        (None, {"fields": ["user", "time_zone", "active", "daily_limit", "weight"]}),
        ("Weekly hours", {"fields": list(WEEKDAYS)}),
        ("Resulting schedule", {"fields": ["week", "feed"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Host]:
        """Annotate the load by which the rotation chooses hosts (`round_robin`)."""
        since = timezone.now() - dt.timedelta(days=LOAD_DAYS)
        counted = models.Q(calls__starts_at__gte=since) & ~models.Q(calls__status=CallStatus.CANCELLED)
        hosts: models.QuerySet[Host] = super().get_queryset(request)
        return hosts.annotate(load=models.Count("calls", filter=counted))

    @admin.display(description=f"Calls, last {LOAD_DAYS} days and upcoming", ordering="load")
    def recent_calls(self, host: Host) -> int:
        return int(host.load)  # type: ignore[attr-defined]

    @admin.display(description="Per weight (lowest is next)")
    def calls_per_weight(self, host: Host) -> str:
        return f"{host.load / host.weight:.1f}"  # type: ignore[attr-defined]

    @admin.display(description="Name", ordering="user__last_name")
    def name(self, host: Host) -> str:
        return str(host)

    @admin.display(description="Next 7 days")
    def week(self, host: Host) -> SafeString | str:
        """Return the effective hours of the next seven days, in the host's time zone."""
        if not host.pk:
            return "Available after saving"
        today = timezone.now().astimezone(ZoneInfo(host.time_zone)).date()
        days = availability.week_overview(host, current_offer(), first=today)
        return mark_safe(render_to_string("admin/signups/host/_week.html", {"days": days}))  # noqa: S308  (escaped there)

    @admin.display(description="Calendar subscription link")
    def feed(self, host: Host) -> SafeString | str:
        """Return the calendar feed address with a button that rotates its token."""
        if not host.pk:
            return "Available after saving"
        context = {
            "address": host_links.feed_url(host),
            "calendars": reverse("admin:signups_host_calendars", args=[host.pk]),
            "renew": reverse("admin:signups_host_renew_feed", args=[host.pk]),
        }
        return mark_safe(render_to_string("admin/signups/host/_feed.html", context))  # noqa: S308  (escaped there)

    def get_readonly_fields(self, request: HttpRequest, obj: Host | None = None) -> list[str]:
        """Fix the user of an existing host.

        Without `change_host`, the rest of the first fieldset is read-only too.
        """
        fixed = ["user"] if obj else []
        if not request.user.has_perm("signups.change_host"):
            fixed = ["user", "active", "daily_limit", "weight"]
        return [*fixed, *self.readonly_fields]

    def get_fieldsets(self, request: HttpRequest, obj: Host | None = None) -> Any:
        """Hide weekly hours and the feed from staff who may not edit the host.

        The feed address is a secret of the staff who may edit the host.
        """
        if obj and may_edit(request, obj):
            return self.fieldsets
        shown = ["week"] if obj else []
        weekly = [] if obj else [self.fieldsets[1]]
        return [self.fieldsets[0], *weekly, ("Resulting schedule", {"fields": shown})]

    def has_change_permission(self, request: HttpRequest, obj: Host | None = None) -> bool:
        return may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Host | None = None) -> bool:
        """Deny deletion, because calls reference hosts; deactivate a host instead."""
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        set_weekly_hours(form.instance, form.week(), by=staff_user(request), now=timezone.now())
        warn(request, OnboardingCall.objects.filter(host=form.instance))


@admin.register(Holiday)
class HolidayAdmin(admin.ModelAdmin):
    list_display = ["date", "name"]
    change_list_template = "admin/signups/holiday/change_list.html"
    formfield_overrides = {models.DateField: {"validators": SUPPORTED_DATES}}

    def has_delete_permission(self, request: HttpRequest, obj: Holiday | None = None) -> bool:
        """Allow staff who may change holidays to delete them: nothing references one."""
        return self.has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Holiday, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        warn(request, OnboardingCall.objects.all(), on=(obj.date, obj.date))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        this = timezone.localdate().year
        return super().changelist_view(request, {"years": [this, this + 1], **(extra_context or {})})


@require_POST
def renew_feed(request: HttpRequest, pk: int) -> HttpResponse:
    host = get_object_or_404(Host, pk=pk)
    if not may_edit(request, host):
        raise PermissionDenied
    rotate_feed_token(host, by=staff_user(request), now=timezone.now())
    messages.success(request, "New calendar link created. The old link no longer works.")
    return redirect_after_post("admin:signups_host_change", pk)


@staff_view("signups.add_holiday")
@require_POST
def add_federal_holidays_view(request: HttpRequest, year: int) -> HttpResponse:
    if abs(year - timezone.localdate().year) > 5:
        messages.error(request, "Choose a year within five years of this one.")
    else:
        added = host_actions.add_federal_holidays(year, by=staff_user(request), now=timezone.now())
        messages.success(
            request,
            f"{added} holidays added for {year}." if added else f"The federal holidays of {year} were already added.",
        )
        warn(request, OnboardingCall.objects.all(), on=(dt.date(year, 1, 1), dt.date(year, 12, 31)))
    return redirect_after_post("admin:signups_holiday_changelist")


routes = [
    path("signups/host/<int:pk>/renew-feed/", renew_feed, name="signups_host_renew_feed"),
    path("signups/holiday/federal/<int:year>/", add_federal_holidays_view, name="signups_holiday_federal"),
]
