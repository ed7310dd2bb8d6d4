"""Staff page on which a host connects and disconnects calendars."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from signups.audit.staff_users import staff_user
from signups.calendars import caldav_client
from signups.calendars.actions import connect_calendar
from signups.calendars.busy_times import UnreadableCalendar
from signups.calendars.choices import CalendarKind
from signups.calendars.forms import AccountForm, ChooseCalendarForm, LinkForm
from signups.calendars.models import CalendarConnection
from signups.hosts.models import Host
from signups.web.responses import redirect_after_post
from signups.web.staff_views import render_page, staff_view

from .calendar_sync import remove_calendar
from .host_admin import may_edit

host_view = staff_view("signups.view_host")


@host_view
@require_safe
def calendars_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the connected calendars of a host, and when each was read."""
    return _page(request, _get_host(request, pk))


@host_view
@require_POST
def connect_link(request: HttpRequest, pk: int) -> HttpResponse:
    host, form = _get_host(request, pk), LinkForm(request.POST)
    if not form.is_valid():
        return _page(request, host, link_form=form, status=422)
    return _connect(request, host, form, kind=CalendarKind.ICS, shown="link_form")


@host_view
@require_POST
def connect_account(request: HttpRequest, pk: int) -> HttpResponse:
    """Connect a calendar of a CalDAV account; where there are several, ask which."""
    host, form = _get_host(request, pk), AccountForm(request.POST)
    if not form.is_valid():
        return _page(request, host, account_form=form, status=422)
    try:
        found = caldav_client.find_calendars(**form.cleaned_data)
    except UnreadableCalendar as error:
        form.add_error("url", str(error))
        return _page(request, host, account_form=form, status=422)
    if not found:
        form.add_error("url", "There is no calendar in this account.")
        return _page(request, host, account_form=form, status=422)
    chosen = [one for one in found if one.url.rstrip("/") == form.cleaned_data["url"].rstrip("/")]
    if not chosen and len(found) > 1:
        return _page(request, host, account_form=ChooseCalendarForm(request.POST, found=found))
    form.cleaned_data["url"] = (chosen or found)[0].url
    return _connect(request, host, form, kind=CalendarKind.CALDAV, shown="account_form")


@host_view
@require_POST
def disconnect(request: HttpRequest, pk: int, public_id: str) -> HttpResponse:
    host = _get_host(request, pk)
    connection = get_object_or_404(CalendarConnection, host=host, public_id=public_id)
    remove_calendar(connection, by=staff_user(request), now=timezone.now())
    messages.success(request, "Calendar disconnected. Its credentials are deleted.")
    return redirect_after_post("admin:signups_host_calendars", pk)


def _connect(request: HttpRequest, host: Host, form: forms.Form, *, kind: CalendarKind, shown: str) -> HttpResponse:
    try:
        connect_calendar(host, kind=kind, **form.cleaned_data, by=staff_user(request), now=timezone.now())
    except UnreadableCalendar as error:
        form.add_error("url", str(error))
        return _page(request, host, **{shown: form}, status=422)
    messages.success(request, "Calendar connected. Its busy times are blocked.")
    return redirect_after_post("admin:signups_host_calendars", host.pk)


def _page(request: HttpRequest, host: Host, *, status: int = 200, **shown: Any) -> HttpResponse:
    context = {
        "host": host,
        "connections": host.calendars.annotate(busy_count=Count("busy_times")),
        "link_form": LinkForm(auto_id="link_%s"),
        "account_form": AccountForm(auto_id="account_%s"),
        **shown,
    }
    title = f"Calendars of {host}"
    return render_page(request, "admin/signups/host/calendars.html", title, status=status, **context)


def _get_host(request: HttpRequest, pk: int) -> Host:
    """Return the host. Raises PermissionDenied unless the user may edit it."""
    host = get_object_or_404(Host.objects.select_related("user"), pk=pk)
    if not may_edit(request, host):
        raise PermissionDenied
    return host


routes = [
    path("signups/host/<int:pk>/calendars/", calendars_page, name="signups_host_calendars"),
    path("signups/host/<int:pk>/calendars/link/", connect_link, name="signups_host_calendars_link"),
    path("signups/host/<int:pk>/calendars/account/", connect_account, name="signups_host_calendars_account"),
    path(
        "signups/host/<int:pk>/calendars/<uuid:public_id>/disconnect/",
        disconnect,
        name="signups_host_calendars_disconnect",
    ),
]
