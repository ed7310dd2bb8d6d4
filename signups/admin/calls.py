"""Pages of the calendar: a week, a day, one call and each thing that can be done with it."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from signups.actions import calls
from signups.forms.desk_calls import HostForm, MoveForm
from signups.models import Host, OnboardingCall
from signups.scheduling import slots
from signups.states import CallStatus, ForceReason

from . import calendar, reading
from .read_only import ReadOnly

OFFERED = dt.timedelta(days=14)  # how far ahead a call's page lists free times
REFUSED = {
    "slot_unavailable": "Nobody takes calls at that time. Give a reason to book outside the hours.",
    "too_soon": "That is sooner than the notice we promise, or already past. A reason lifts the notice, not the past.",
    "slot_taken": "There is another call at that time. Nothing can lift that: choose another time or host.",
    "already_booked": "This person has another call that is still to come.",
    "not_active": "This call is no longer on: look at its state below.",
    "too_early": "This call has not begun yet.",
}


@admin.register(OnboardingCall)
class CallAdmin(ReadOnly, admin.ModelAdmin):
    def has_module_permission(self, request: HttpRequest) -> bool:
        """On the first page of the desk for those who may open it."""
        return request.user.has_perm("signups.change_onboardingcall")

    def get_urls(self) -> list[URLPattern]:
        """Ours only: nothing here is changed but by the actions."""

        def page(route: str, view: Callable[..., HttpResponse], name: str, method: Any = require_POST) -> URLPattern:
            return path(route, self._page(method(view)), name=f"signups_onboardingcall_{name}")

        return [
            page("", self.calendar, "changelist", require_safe),
            page("<uuid:public_id>/", self.call, "call", require_safe),
            page("<uuid:public_id>/move/", self.move, "move"),
            page("<uuid:public_id>/reassign/", self.reassign, "reassign"),
            page("<uuid:public_id>/cancel/", self.cancel, "cancel"),
            page("<uuid:public_id>/no-show/", self.no_show, "no_show"),
            page("<uuid:public_id>/complete/", self.complete, "complete"),
        ]

    def _page(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """For those who work calls; everybody else is refused."""

        def wrapper(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm("signups.change_onboardingcall"):
                raise PermissionDenied
            return view(request, **kwargs)

        return cast(Callable[..., HttpResponse], self.admin_site.admin_view(wrapper))

    def calendar(self, request: HttpRequest) -> HttpResponse:
        """A week of days or a day of hosts: `?day=2026-11-25&span=day&who=mine`."""
        now = timezone.now()
        date, span, who = _asked(request, now)
        hosts = _hosts(request, who)
        today, step = timezone.localdate(now), dt.timedelta(days=1 if span == "day" else 7)
        if span == "week":
            date -= dt.timedelta(days=date.weekday())
        shown = calendar.day(date, hosts, now) if span == "day" else calendar.week(date, hosts, now)
        reading.listed(request, "calls", shown.people)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{date:%A, %B} {date.day}" if span == "day" else f"Week of {date:%B} {date.day}, {date.year}",
            "calendar": shown,
            "span": span,
            "who": who,
            "date": date,
            "before": date - step,
            "after": date + step,
            "today": today,
            "day": today if date <= today < date + step else date,
            "is_host": bool(_hosts(request, "mine")),
            "one_host": hosts[0] if who not in ("all", "mine") and hosts else None,
            "move_form": MoveForm(),
        }
        return TemplateResponse(request, "admin/signups/calls/calendar.html", context)

    def call(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """What is booked, and what can be done about it."""
        return self._call(request, _found(public_id))

    def move(self, request: HttpRequest, public_id: str) -> HttpResponse:
        form = MoveForm(request.POST)
        if not form.is_valid():
            return self._call(request, _found(public_id), move_form=form, status=422)
        told = {"start": form.cleaned_data["start"], "forced": _reason(form)}
        return self._do(request, public_id, calls.reschedule, "The call is moved, and the patient is told.", **told)

    def reassign(self, request: HttpRequest, public_id: str) -> HttpResponse:
        if not request.user.has_perm("signups.reassign_onboardingcall"):
            raise PermissionDenied
        form = HostForm(request.POST)
        if not form.is_valid():
            return self._call(request, _found(public_id), host_form=form, status=422)
        told = {"host": form.cleaned_data["host"], "forced": _reason(form)}
        return self._do(request, public_id, calls.reassign, f"{told['host']} has the call now.", **told)

    def cancel(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self._do(request, public_id, calls.cancel, "The call is cancelled, and the patient is told.")

    def no_show(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self._do(request, public_id, calls.no_show, "Noted: the patient did not come.")

    def complete(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self._do(request, public_id, calls.complete, "Noted: the call took place.")

    def _do(
        self, request: HttpRequest, public_id: str, action: Callable[..., Any], done: str, **told: Any
    ) -> HttpResponse:
        """Runs `action`; what it refuses is shown on the call's page, with its reason (409)."""
        try:
            action(call=_found(public_id), by=request.user, now=timezone.now(), **told)
        except slots.Refused as refused:
            return self._call(request, _found(public_id), refused=REFUSED[refused.code], status=409)
        messages.success(request, done)
        if request.POST.get("back") == "lead":
            return HttpResponseRedirect(
                reverse("admin:signups_lead_change", args=[_found(public_id).lead_id]), status=303
            )
        return HttpResponseRedirect(reverse("admin:signups_onboardingcall_call", args=[public_id]), status=303)

    def _call(
        self, request: HttpRequest, call: OnboardingCall, *, refused: str = "", status: int = 200, **forms: Any
    ) -> HttpResponse:
        reading.read(request, call.lead)
        now = timezone.now()
        is_on = call.status == CallStatus.BOOKED
        free = calls.offered(now=now, begin=now, end=now + OFFERED, moving=call) if is_on else []
        may_give = is_on and request.user.has_perm("signups.reassign_onboardingcall")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Call with {call.lead}",
            "call": call,
            "day": timezone.localtime(call.starts_at).date(),
            "refused": refused,
            "is_on": is_on,
            "has_begun": call.starts_at <= now and call.status != CallStatus.CANCELLED,
            "free": slots.by_day([slot.start for slot in free], timezone.get_current_timezone()),
            "move_form": MoveForm(initial={"start": call.starts_at}),
            "host_form": HostForm() if may_give else None,
            **forms,
        }
        return TemplateResponse(request, "admin/signups/calls/call.html", context, status=status)


def _asked(request: HttpRequest, now: dt.datetime) -> tuple[dt.date, str, str]:
    """The day, span and host that the address asks for; what no calendar has is a 400."""
    span = "day" if request.GET.get("span") == "day" else "week"
    try:
        day = dt.date.fromisoformat(request.GET.get("day") or str(timezone.localdate(now)))
        if not 2000 <= day.year <= 2999:
            raise ValueError(day)
    except ValueError:
        raise BadRequest("There is no such day.") from None
    return day, span, request.GET.get("who") or "all"


def _hosts(request: HttpRequest, who: str) -> list[Host]:
    """All who take calls, the reader alone (`mine`), or one by their public id."""
    left = OnboardingCall.objects.upcoming(timezone.now()).order_by().values("host")  # calls of who takes no more
    hosts = (Host.objects.active() | Host.objects.filter(pk__in=left)).select_related("user")
    if who == "all":
        return list(hosts)
    if who == "mine":
        return list(hosts.filter(user=cast(Any, request.user)))
    try:
        return [get_object_or_404(hosts, public_id=uuid.UUID(who))]
    except ValueError:
        raise BadRequest("There is no such host.") from None


def _found(public_id: str) -> OnboardingCall:
    calls_ = OnboardingCall.objects.select_related("lead", "host__user")
    return get_object_or_404(calls_, public_id=public_id)


def _reason(form: MoveForm | HostForm) -> ForceReason | None:
    forced = form.cleaned_data["forced"]
    return ForceReason(forced) if forced else None
