"""The onboarding call in the portal: choose a slot, move the call, cancel it."""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clinic.lib import time_zones
from signups.audit.choices import ActorKind
from signups.consents.contact_policy import wants_texts
from signups.leads import contact_details
from signups.leads.models import Lead
from signups.messages.choices import MessageChannel
from signups.messages.send_policy import why_not_send
from signups.offer import current_offer
from signups.ops import rate_limit
from signups.scheduling import slots
from signups.web.decorators import never_refused, portal_view, post_only, rate_limited
from signups.web.done import redirect_done
from signups.web.responses import redirect_after_post

from . import earlier_times, emails
from .actions import (
    AlreadyBooked,
    CallAlreadyStarted,
    CallNotBooked,
    KeyReused,
    NoPhoneNumber,
    available_slots_for,
    cancel_call,
    resend_confirmation,
)
from .call_type_models import CallType
from .forms import NumberForm, SlotForm, ZoneForm
from .models import OnboardingCall

ONE_HOUR = dt.timedelta(hours=1)
MAX_CHANGES_PER_HOUR = 20  # each change also notifies the host
DAYS_A_PAGE = 5
REMINDER_CHOICES = {emails.CALL_DAY_BEFORE.value: "a day before", emails.CALL_HOUR_BEFORE.value: "an hour before"}
SLOT_TAKEN_MESSAGE = {
    slots.SlotTaken.code: "Someone else just took that time, so nothing was booked. Please choose another.",
    slots.TooSoon.code: "That time is too soon. Please choose a later one.",
    slots.SlotUnavailable.code: "That time is no longer available. Please choose another.",
    KeyReused.code: "This page was already used to book a call. Please choose a time again.",
}


@dataclass(frozen=True)
class Day:
    """A date in the reader's time zone, with its slots as (form value, label)."""

    title: str
    clock_changed: bool  # daylight saving time began or ended since the first day
    times: list[tuple[str, str]]


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def call_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Show the lead's call, or the available slots when there is none; POST books."""
    now = timezone.now()
    call_type = _chosen_type(request)
    if request.method == "POST":
        return _save(request, SlotForm(request.POST, lead=lead, call_type=call_type), token, now)
    section = call_section_context(lead, now)
    if section["call"]:
        reminders = _promised_reminders(section["call"], lead, now)
        waits = section["call"].earlier_time_requests.filter(closed_at=None).exists()
        channels = "email and text" if wants_texts(lead) else "email"
        waiting = {"is_waiting": waits, "may_wait": earlier_times.can_be_offered(lead), "offered_by": channels}
        return render(request, "portal/call.html", {"token": token, "reminders": reminders, **waiting, **section})
    return _times(request, SlotForm(lead=lead, call_type=call_type), token, now)


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def move_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Move the lead's upcoming call; without one, redirect to the call page."""
    now = timezone.now()
    moving = lead.calls.upcoming(now).select_related("host__user").first()
    if moving is None:
        return _to_call(token)
    if request.method == "POST":
        return _save(request, SlotForm(request.POST, lead=lead, moving=moving, call_type=moving.call_type), token, now)
    return _times(request, SlotForm(lead=lead, moving=moving, call_type=moving.call_type), token, now)


@portal_view
@never_refused
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Ask for confirmation on GET, cancel on POST: mail scanners open links. Cancelling has no rate limit."""
    now = timezone.now()
    booked = lead.calls.upcoming(now).first()
    if booked is None:
        return _to_call(token)
    if request.method != "POST":
        return render(request, "portal/call_cancel.html", {"token": token, **call_section_context(lead, now)})
    with suppress(slots.BookingError):  # it began or got an outcome meanwhile: the portal shows the state
        cancel_call(call=booked, by=ActorKind.PATIENT, now=now)
        return redirect_done("portal:home", token, "call-canceled")
    return redirect_after_post("portal:home", token)


@portal_view
@post_only(back="portal:call")
@rate_limited
def resend_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Send the confirmation again, to the stored address."""
    now = timezone.now()
    rate_limit.hit("call", str(lead.public_id), limit=MAX_CHANGES_PER_HOUR, per=ONE_HOUR, now=now)
    booked = lead.calls.upcoming(now).first()
    if booked:
        with suppress(slots.BookingError):  # cancelled meanwhile, as the page shows
            resend_confirmation(call=booked, now=now)
            return redirect_done("portal:call", token, "call-emailed")
    return _to_call(token)


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def number_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Ask for the number to call, where somebody else answered at the one on file."""
    now = timezone.now()
    booked = lead.calls.upcoming(now).first()
    if booked is None or lead.has_number_to_call:
        return _to_call(token)
    form = NumberForm(request.POST if request.method == "POST" else None, initial={"phone": lead.phone})
    if form.is_valid():
        number = {name: form.cleaned_data[name] for name in ("phone", "phone_e164", "phone_extension")}
        contact_details.state_number(lead, by=ActorKind.PATIENT, now=now, **number)
        return redirect_done("portal:call", token, "number")
    context = {"token": token, "form": form, **call_section_context(lead, now)}
    return render(request, "portal/call_number.html", context, status=422 if form.is_bound else 200)


@portal_view
@post_only(back="portal:call")
def zone_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Set the lead's time zone, used for slots, messages and calling hours."""
    form = ZoneForm(request.POST)
    now = timezone.now()
    moving = lead.calls.upcoming(now).select_related("host__user").first()
    call_type = moving.call_type if moving else _chosen_type(request)
    if not form.is_valid():
        booking = SlotForm(lead=lead, moving=moving, call_type=call_type)
        return _times(request, booking, token, now, status=422, zone_form=form)
    contact_details.update_contact_details(
        lead, by=ActorKind.PATIENT, now=now, time_zone=form.cleaned_data["time_zone"]
    )
    if moving:
        return redirect_done("portal:call-move", token, "zone")
    return redirect_done("portal:call", token, "zone", type=str(call_type.public_id))


def _promised_reminders(call: OnboardingCall, lead: Lead, now: dt.datetime) -> str:
    """Return which reminders are still to come and how, as the send policy sees it now: `an hour before by email`."""
    waiting = call.messages.pending().filter(call_sequence=call.sequence, kind__in=REMINDER_CHOICES)
    kept = [message for message in waiting.select_related("lead") if not why_not_send(message, now)]
    moments = [words for kind, words in REMINDER_CHOICES.items() if kind in {message.kind for message in kept}]
    channels = [channel for channel in MessageChannel if channel in {message.channel for message in kept}]
    return f"{' and '.join(moments)} by {' and '.join(channels)}" if kept else ""


def call_section_context(lead: Lead, now: dt.datetime) -> dict[str, Any]:
    """Return the context of `portal/_call_facts.html`: the upcoming or ongoing call.

    Times are in the lead's time zone.
    """
    ahead = lead.calls.booked().filter(ends_at__gt=now).order_by("starts_at")
    booked = ahead.select_related("host__user", "call_type").first()
    offer = earlier_times.open_offer(booked, now) if booked else None
    return {
        "call": booked,
        "call_offer": offer,
        "call_offer_when": time_zones.format_moment(offer.starts_at, lead.time_zone) if offer else "",
        "call_offer_until": time_zones.format_moment(offer.expires_at, lead.time_zone) if offer else "",
        "call_when": time_zones.format_moment(booked.starts_at, lead.time_zone) if booked else "",
        "call_began": bool(booked and booked.starts_at <= now),
        "call_phone": lead.phone,
        "call_needs_number": not lead.has_number_to_call,
    }


def offered_call_context(lead: Lead, now: dt.datetime) -> dict[str, Any]:
    """Return `call_section_context`, and whether a call can be booked: no time is offered while nobody is free."""
    section = call_section_context(lead, now)
    return section | {"call_is_offered": not section["call"] and bool(available_slots_for(now=now))}


def _save(request: HttpRequest, form: SlotForm, token: str, now: dt.datetime) -> HttpResponse:
    rate_limit.hit("call", str(form.lead.public_id), limit=MAX_CHANGES_PER_HOUR, per=ONE_HOUR, now=now)
    if not form.is_valid():
        return _times(request, form, token, now, status=422)
    try:
        form.save(now=now)
    except (AlreadyBooked, CallNotBooked, CallAlreadyStarted, NoPhoneNumber):
        return _to_call(token)  # which shows the call and its state, or asks for the number
    except slots.BookingError as refused:
        form.renew(start="")
        return _times(request, form, token, now, status=409, problem=SLOT_TAKEN_MESSAGE[refused.code])
    return redirect_done("portal:call", token, "call-rescheduled" if form.moving else "call-booked")


def _times(
    request: HttpRequest,
    form: SlotForm,
    token: str,
    now: dt.datetime,
    *,
    status: int = 200,
    problem: str = "",
    zone_form: ZoneForm | None = None,
) -> HttpResponse:
    zone = form.lead.time_zone
    free = available_slots_for(now=now, moving=form.moving, call_type=form.call_type)
    types = [] if form.moving else list(CallType.objects.active())
    page = Paginator(days([slot.start for slot in free], zone), DAYS_A_PAGE).get_page(request.GET.get("page"))
    chosen = [day for day in page if any(value == form["start"].value() for value, _ in day.times)]
    context = {
        "token": token,
        "form": form,
        "page": page,
        "open_day": next(iter([*chosen, *page]), None),
        "problem": problem,
        "zone": time_zones.common_zone_name(zone),
        "zone_form": zone_form or ZoneForm(initial={"time_zone": zone}),
        "call_type": form.call_type,
        "other_types": [(one, _minutes(one)) for one in types if one != form.call_type],
        "minutes": _minutes(form.call_type),
        **(call_section_context(form.lead, now) if form.moving else {}),
    }
    return render(request, "portal/choose_slot.html", context, status=status)


def _chosen_type(request: HttpRequest) -> CallType:
    """Return the type of call that the address names (`?type=`), by default the first that can be booked."""
    active = list(CallType.objects.active())
    named = [one for one in active if str(one.public_id) == request.GET.get("type")]
    return next(iter([*named, *active]), None) or CallType.objects.onboarding()


def _minutes(call_type: CallType) -> int:
    return call_type.rules(current_offer()).length // dt.timedelta(minutes=1)


def days(starts: list[dt.datetime], zone: str) -> list[Day]:
    """Group `starts` by date in `zone`.

    Where a clock change repeats an hour, each label of that date says which of the two it is.
    """
    found = []
    for date, times in slots.by_day(starts, ZoneInfo(zone)).items():
        is_ambiguous = len({time.utcoffset() for time in times}) > 1
        options = [
            (
                time.astimezone(dt.UTC).isoformat(),
                time_zones.format_time(time) + (f" ({_kind_of_time(time)})" if is_ambiguous else ""),
            )
            for time in times
        ]
        clock_changed = times[0].utcoffset() != starts[0].astimezone(ZoneInfo(zone)).utcoffset()
        found.append(Day(f"{date:%A, %B} {date.day}", clock_changed, options))
    return found


def _kind_of_time(local: dt.datetime) -> str:
    return "daylight time" if local.dst() else "standard time"


def _to_call(token: str) -> HttpResponse:
    return redirect_after_post("portal:call", token)
