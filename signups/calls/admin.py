"""Admin pages of onboarding calls: calendar, call detail, call actions."""

import datetime as dt
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clinic.lib import redaction, time_zones
from clinic.lib.read_only_admin import ReadOnly
from signups.audit import access_log
from signups.audit.staff_users import staff_user
from signups.consents.contact_policy import may_call
from signups.hosts.models import Host
from signups.leads.actions import write_note
from signups.leads.drafts import draft_of
from signups.leads.locking import ActionError
from signups.leads.open_work import open_work
from signups.messages.notices import tell_them, ways_to_reach
from signups.scheduling import slots
from signups.web.responses import redirect_after_post
from signups.web.staff_forms import CallOutcomeForm, typed_words
from signups.web.staff_views import ask_first, redirect_to_lead, render_page, staff_view

from . import calendar, earlier_times, emails
from .actions import (
    available_slots_for,
    cancel_call,
    complete_call,
    host_after_move,
    mark_no_show,
    notice_time,
    reassign_call,
    reschedule_call,
    undo_cancel_call,
    undo_until,
)
from .admin_forms import ReassignCallForm, RescheduleForm
from .alerts import settle_alert
from .call_type_models import CallType
from .choices import CallStatus, ForceReason
from .earlier_time_models import EarlierTimeRequest
from .models import CallAlert, OnboardingCall
from .notices import describe_ahead, describe_notice

OFFERED = dt.timedelta(days=14)  # free slots listed on the call page
REFUSED = {
    "slot_unavailable": "No host is available at that time. To override, choose a reason.",
    "too_soon": "That’s in the past or inside the minimum notice. "
    "You can override the notice with a reason, but not a past time.",
    "slot_taken": "That time is already booked, or held for someone on the waiting list. Choose another time or host.",
    "no_phone": "The call is made by phone, and there is no number. Enter one first.",
    "already_booked": "This lead already has an upcoming call.",
    "not_active": "This call is no longer active. See its status below.",
    "too_early": "This call hasn’t started yet.",
    "undo_over": "This can no longer be undone: somebody was notified, or asked not to be called. Book another call.",
}

CANNOT_BE_OFFERED = "Earlier times are offered by email, to an address that works and that they have confirmed."
call_view = staff_view("signups.change_onboardingcall")


@admin.register(OnboardingCall)
class CallAdmin(ReadOnly, admin.ModelAdmin):
    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the calendar in the admin index to staff who may change calls."""
        return request.user.has_perm("signups.change_onboardingcall")

    def get_urls(self) -> list[URLPattern]:
        """Return no default admin URLs: only actions change a call."""
        return []


@call_view
@require_safe
def calendar_page(request: HttpRequest) -> HttpResponse:
    """Show a week of days or a day of hosts: `?day=2026-11-25&span=day&who=mine`, with the free times of a `type`."""
    now = timezone.now()
    date, span, who = _requested_period(request, now)
    hosts = _hosts(request, who)
    today, step = timezone.localdate(now), dt.timedelta(days=1 if span == "day" else 7)
    if span == "week":
        date -= dt.timedelta(days=date.weekday())
    types, call_type = chosen_type(request)
    shown = (calendar.calendar_day if span == "day" else calendar.calendar_week)(date, hosts, now, call_type)
    access_log.log_list_view(request, "calls", shown.people)
    return render_page(
        request,
        "admin/signups/calls/calendar.html",
        f"{date:%A, %B} {date.day}" if span == "day" else f"Week of {date:%B} {date.day}, {date.year}",
        calendar=shown,
        span=span,
        who=who,
        date=date,
        before=date - step,
        after=date + step,
        today=today,
        day=today if date <= today < date + step else date,
        is_host=bool(_hosts(request, "mine")),
        one_host=hosts[0] if who not in ("all", "mine") and hosts else None,
        types=types if len(types) > 1 else [],
        call_type=call_type,
    )


@call_view
@require_safe
def call_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one call with the forms that change it."""
    return _detail(request, _get_call(public_id))


@call_view
@require_POST
def move(request: HttpRequest, public_id: str) -> HttpResponse:
    form = RescheduleForm(request.POST)
    if not form.is_valid():
        return _detail(request, _get_call(public_id), move_form=form, status=422)
    call, start, host = _get_call(public_id), form.cleaned_data["start"], form.cleaned_data["host"]
    if host and host != call.host and not request.user.has_perm("signups.reassign_onboardingcall"):
        refused = f"Only the Head of Customer Care gives a call to another host. Drop it in {call.host}’s column."
        return _detail(request, call, refused=refused, move_form=form, status=409)
    if "dropped" in request.POST:
        try:
            host = host_after_move(call, start, now=timezone.now(), host=host)
        except slots.BookingError as error:
            return _detail(request, call, refused=REFUSED[error.code], move_form=form, status=409)
        if page := _ask_before_moving(request, call, start, host):
            return page
    new = {"start": start, "host": host, "forced": _reason(form)}
    former = call.host

    def describe(moved: OnboardingCall) -> str:
        done = "Call rescheduled." if moved.host == former else f"Call rescheduled, now with {moved.host}."
        return describe_notice(emails.CALL_MOVED, done, moved)

    return _run(request, public_id, reschedule_call, describe, forms={"move_form": form}, **new)


def _ask_before_moving(
    request: HttpRequest, call: OnboardingCall, start: dt.datetime, host: Host
) -> HttpResponse | None:
    there = f"{start.astimezone(ZoneInfo(call.lead.time_zone)):%A, %B %-d, %-I:%M %p}"
    consequences = [
        f"From {timezone.localtime(call.starts_at):%A, %B %-d, %-I:%M %p} with {call.host}",
        f"to {timezone.localtime(start):%A, %B %-d, %-I:%M %p} with {host} ({there} their time).",
        describe_ahead(emails.CALL_MOVED, call, "the new time", host=host),
    ]
    title, back = f"Reschedule the call with {call.lead}?", reverse("admin:signups_onboardingcall_changelist")
    day = f"?day={timezone.localtime(start):%Y-%m-%d}&span=day"
    return ask_first(request, call.lead, title=title, button="Reschedule", consequences=consequences, back=back + day)


def _ask_before_canceling(request: HttpRequest, call: OnboardingCall) -> HttpResponse | None:
    now = timezone.now()
    notify_at = notice_time(call, now)
    until = time_zones.local_time(notify_at, timezone.get_current_timezone_name())
    is_reached = bool(ways_to_reach(call.lead, emails.CALL_CANCELLED))
    whom = f"{call.lead} and {call.host} are" if is_reached else f"{call.host} is"
    undo = f"You can undo this until {until}. Nothing is sent before that; then {whom} notified."
    at_once = f"{whom[0].upper()}{whom[1:]} notified at once, because the call begins so soon. This cannot be undone."
    consequences = [
        f"The call on {timezone.localtime(call.starts_at):%A, %B %-d, %-I:%M %p} with {call.host} is canceled.",
        undo if notify_at > now else at_once,
        *([] if is_reached else [tell_them(call.lead)]),
        *(f"Still open afterwards: {item}." for item in open_work(call.lead, now) if not item.belongs_to(call)),
    ]
    back = reverse("admin:signups_onboardingcall_call", args=[call.public_id])
    title = f"Cancel the call with {call.lead}?"
    return ask_first(request, call.lead, title=title, button="Cancel the call", consequences=consequences, back=back)


@call_view
@require_POST
@staff_view("signups.reassign_onboardingcall")
def reassign_call_view(request: HttpRequest, public_id: str) -> HttpResponse:
    form = ReassignCallForm(request.POST)
    if not form.is_valid():
        return _detail(request, _get_call(public_id), host_form=form, status=422)
    new = {"host": form.cleaned_data["host"], "forced": _reason(form)}
    done = partial(describe_notice, emails.CALL_MOVED, f"Call reassigned to {new['host']}.")
    return _run(request, public_id, reassign_call, done, forms={"host_form": form}, **new)


@call_view
@require_POST
def cancel_call_view(request: HttpRequest, public_id: str) -> HttpResponse:
    call = _get_call(public_id)
    if call.status == CallStatus.BOOKED and (page := _ask_before_canceling(request, call)):
        return page
    done = partial(describe_notice, emails.CALL_CANCELLED, "Call canceled.")
    return _run(request, public_id, cancel_call, done, notify_at=notice_time(call, timezone.now()))


@call_view
@require_POST
def undo_cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    return _run(request, public_id, undo_cancel_call, "The call is booked again. Nothing was sent.")


@call_view
@require_POST
def join_waiting_list_view(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put the person on the waiting list for earlier times; 409 when no offer would reach them."""
    call = _get_call(public_id)
    if not earlier_times.can_be_offered(call.lead):
        return _detail(request, call, refused=CANNOT_BE_OFFERED, status=409)
    return _run(request, public_id, earlier_times.join_waiting_list, "They’re on the waiting list for earlier times.")


@call_view
@require_POST
def leave_waiting_list_view(request: HttpRequest, public_id: str) -> HttpResponse:
    done = "They’re off the waiting list. Their call stays as it is."
    return _run(request, public_id, earlier_times.leave_waiting_list, done)


@call_view
@require_POST
def no_show(request: HttpRequest, public_id: str) -> HttpResponse:
    return _log_outcome(request, public_id, mark_no_show, "Outcome logged: no-show.")


@call_view
@require_POST
def complete(request: HttpRequest, public_id: str) -> HttpResponse:
    return _log_outcome(request, public_id, complete_call, "Outcome logged: completed.")


@call_view
@require_POST
def settle_alert_view(request: HttpRequest, public_id: str, pk: int) -> HttpResponse:
    alert = get_object_or_404(CallAlert.objects.select_related("call__lead"), call__public_id=public_id, pk=pk)
    settle_alert(alert, by=staff_user(request), now=timezone.now())
    return redirect_after_post("admin:signups_onboardingcall_call", public_id)


def _log_outcome(request: HttpRequest, public_id: str, action: Callable[..., Any], done: str) -> HttpResponse:
    """Log the outcome with the note beside it, both or neither."""
    form = CallOutcomeForm(request.POST, auto_id="outcome_%s")
    if not form.is_valid():
        return _detail(request, _get_call(public_id), note_form=form, status=422)

    @transaction.atomic
    def log(*, call: OnboardingCall, by: User, now: dt.datetime) -> None:
        action(call=call, by=by, now=now)
        if note := form.cleaned_data["note"]:
            write_note(lead=call.lead, text=note, by=by, now=now, form_key=uuid.uuid4())

    return _run(request, public_id, log, done, forms={"note_form": form})


def _run(
    request: HttpRequest,
    public_id: str,
    action: Callable[..., Any],
    done: str | Callable[[OnboardingCall], str],
    *,
    forms: dict[str, Any] | None = None,
    **new: Any,
) -> HttpResponse:
    """Run `action` and redirect to the call.

    When it is refused, render the call page with the reason and with `forms` as they were sent (409).
    """
    call = _get_call(public_id)
    try:
        action(call=call, by=staff_user(request), now=timezone.now(), **new)
    except slots.BookingError as error:
        return _detail(request, _get_call(public_id), refused=REFUSED[error.code], status=409, **(forms or {}))
    except ActionError as error:
        return _detail(request, _get_call(public_id), refused=str(error), status=409, **(forms or {}))
    messages.success(request, done if isinstance(done, str) else done(_get_call(public_id)))
    if request.POST.get("back") == "lead":
        return redirect_to_lead(_get_call(public_id).lead_id)
    return redirect_after_post("admin:signups_onboardingcall_call", public_id)


def _detail(
    request: HttpRequest, call: OnboardingCall, *, refused: str = "", status: int = 200, **forms: Any
) -> HttpResponse:
    access_log.log_lead_view(request, call.lead)
    now = timezone.now()
    is_on = call.status == CallStatus.BOOKED
    free = available_slots_for(now=now, begin=now, end=now + OFFERED, moving=call) if is_on else []
    draft = draft_of(call.lead, staff_user(request))
    waiting = EarlierTimeRequest.objects.open(now).filter(call=call).first()
    may_reassign = is_on and request.user.has_perm("signups.reassign_onboardingcall")
    context = {
        "call": call,
        "day": timezone.localtime(call.starts_at).date(),
        "refused": refused,
        "is_on": is_on,
        "phone": redaction.mask_contact_details(call.lead.phone, staff_user(request)),
        "sees_contact": request.user.has_perm("signups.see_contact"),
        "call_decision": may_call(call.lead, now),
        "now": now,
        "alerts": call.alerts.open(now),
        "waits_since": waiting.created_at if waiting else None,
        "offer": earlier_times.open_offer(call, now) if waiting else None,
        "cannot_be_offered": "" if earlier_times.can_be_offered(call.lead) else CANNOT_BE_OFFERED,
        "has_begun": call.starts_at <= now and call.status != CallStatus.CANCELLED,
        "undo_until": undo_until(call, now),
        "free": slots.by_day([slot.start for slot in free], timezone.get_current_timezone()),
        "move_form": RescheduleForm(initial={"start": call.starts_at}),
        "note_form": CallOutcomeForm(auto_id="outcome_%s", initial={"note": draft.text if draft else ""}),
        "draft": draft if "note_form" not in forms else None,
        "typed": typed_words(request.POST, ["note"]) if refused else "",
        "host_form": ReassignCallForm() if may_reassign else None,
        **forms,
    }
    title = f"Call with {call.lead}"
    return render_page(request, "admin/signups/calls/call.html", title, status=status, **context)


def chosen_type(request: HttpRequest) -> tuple[list[CallType], CallType]:
    """Return the types that can be booked, and the one that the address names, by default the onboarding call."""
    types = list(CallType.objects.active())
    named = [one for one in types if str(one.public_id) == request.GET.get("type")]
    first = [one for one in types if one.is_onboarding]
    return types, next(iter([*named, *first]), None) or CallType.objects.onboarding()


def _requested_period(request: HttpRequest, now: dt.datetime) -> tuple[dt.date, str, str]:
    """Parse the query string into (day, span, host filter).

    Raises BadRequest for an invalid date.
    """
    span = "day" if request.GET.get("span") == "day" else "week"
    try:
        day = dt.date.fromisoformat(request.GET.get("day") or str(timezone.localdate(now)))
        if not 2000 <= day.year <= 2999:
            raise ValueError(day)
    except ValueError:
        raise BadRequest("That date doesn’t exist.") from None
    return day, span, request.GET.get("who") or "all"


def _hosts(request: HttpRequest, who: str) -> list[Host]:
    """Return all hosts, the current user's host (`mine`), or one host by public id.

    Raises BadRequest for an invalid id.
    """
    booked = OnboardingCall.objects.upcoming(timezone.now()).order_by().values("host")  # also those of inactive hosts
    hosts = (Host.objects.active() | Host.objects.filter(pk__in=booked)).select_related("user")
    if who == "all":
        return list(hosts)
    if who == "mine":
        return list(hosts.filter(user=staff_user(request)))
    try:
        return [get_object_or_404(hosts, public_id=uuid.UUID(who))]
    except ValueError:
        raise BadRequest("There is no such host.") from None


def _get_call(public_id: str) -> OnboardingCall:
    return get_object_or_404(
        OnboardingCall.objects.select_related("lead", "host__user", "call_type"), public_id=public_id
    )


def _reason(form: RescheduleForm | ReassignCallForm) -> ForceReason | None:
    forced = form.cleaned_data["forced"]
    return ForceReason(forced) if forced else None


routes = [
    path("signups/onboardingcall/", calendar_page, name="signups_onboardingcall_changelist"),
    path("signups/onboardingcall/<uuid:public_id>/", call_detail, name="signups_onboardingcall_call"),
    path("signups/onboardingcall/<uuid:public_id>/move/", move, name="signups_onboardingcall_move"),
    path(
        "signups/onboardingcall/<uuid:public_id>/reassign/", reassign_call_view, name="signups_onboardingcall_reassign"
    ),
    path("signups/onboardingcall/<uuid:public_id>/cancel/", cancel_call_view, name="signups_onboardingcall_cancel"),
    path(
        "signups/onboardingcall/<uuid:public_id>/cancel/undo/", undo_cancel, name="signups_onboardingcall_undo_cancel"
    ),
    path("signups/onboardingcall/<uuid:public_id>/wait/", join_waiting_list_view, name="signups_onboardingcall_wait"),
    path(
        "signups/onboardingcall/<uuid:public_id>/wait/end/",
        leave_waiting_list_view,
        name="signups_onboardingcall_stop_waiting",
    ),
    path(
        "signups/onboardingcall/<uuid:public_id>/alert/<int:pk>/settle/",
        settle_alert_view,
        name="signups_onboardingcall_settle_alert",
    ),
    path("signups/onboardingcall/<uuid:public_id>/no-show/", no_show, name="signups_onboardingcall_no_show"),
    path("signups/onboardingcall/<uuid:public_id>/complete/", complete, name="signups_onboardingcall_complete"),
]
