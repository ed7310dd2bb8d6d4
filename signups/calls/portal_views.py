"""The free call on the patient's own page: choose a time, move the call, cancel it."""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from clinic.lib import time_zones
from signups.audit.choices import ActorKind
from signups.leads import contact_details
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.ops import rate_limit
from signups.scheduling import slots
from signups.web.decorators import portal_view, rate_limited
from signups.web.responses import redirect_after_post

from . import emails
from .actions import (
    AlreadyBooked,
    CallAlreadyStarted,
    CallNotBooked,
    KeyReused,
    available_slots_for,
    cancel_call,
    resend_confirmation,
)
from .forms import SlotForm, ZoneForm

ONE_HOUR = dt.timedelta(hours=1)
MAX_CHANGES_PER_HOUR = 20  # an hour: each is told to the host too
DAYS_A_PAGE = 5
REMINDER_CHOICES = {emails.CALL_DAY_BEFORE.value: "a day before", emails.CALL_HOUR_BEFORE.value: "an hour before"}
SLOT_TAKEN_MESSAGE = {
    slots.SlotTaken.code: "Somebody else has just taken that time. Nothing was booked: please choose another.",
    slots.TooSoon.code: "That time is too close now. Please choose a later one.",
    slots.SlotUnavailable.code: "That time is not free any more. Please choose another.",
    KeyReused.code: "This page was used before. Please choose your time once more.",
}


@dataclass(frozen=True)
class Day:
    """One date of the reader's, and its free times as (what is sent, what is read)."""

    title: str
    zone: str
    times: list[tuple[str, str]]


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def call_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """The call they have; or, while they have none, the times to choose from."""
    now = timezone.now()
    if request.method == "POST":
        return _save(request, SlotForm(request.POST, lead=lead), token, now)
    shown = call_section_context(lead, now)
    if shown["call"]:
        written = shown["call"].messages.filter(call_sequence=shown["call"].sequence).values_list("kind", flat=True)
        reminders = " and ".join(words for kind, words in REMINDER_CHOICES.items() if kind in written)
        return render(request, "portal/call.html", {"token": token, "reminders": reminders, **shown})
    return _times(request, SlotForm(lead=lead), token, now)


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def move_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Another time for the call they have. Who has none, or whose call has begun, is shown where they stand."""
    now = timezone.now()
    moving = lead.calls.upcoming(now).select_related("host__user").first()
    if moving is None:
        return _to_call(token)
    if request.method == "POST":
        return _save(request, SlotForm(request.POST, lead=lead, moving=moving), token, now)
    return _times(request, SlotForm(lead=lead, moving=moving), token, now)


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def cancel_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """GET shows a button, POST cancels: links in messages are opened by scanners."""
    now = timezone.now()
    booked = lead.calls.upcoming(now).first()
    if booked is None:
        return _to_call(token)
    if request.method != "POST":
        return render(request, "portal/call_cancel.html", {"token": token, **call_section_context(lead, now)})
    rate_limit.hit("call", str(lead.public_id), limit=MAX_CHANGES_PER_HOUR, per=ONE_HOUR, now=now)
    with suppress(
        slots.BookingError
    ):  # it began this very moment, or staff noted its outcome: the page says how it stands
        cancel_call(call=booked, by=ActorKind.PATIENT, now=now)
    return redirect_after_post(reverse("portal:home", args=[token]) + "#call")


@portal_view
@require_POST
@rate_limited
def resend_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """The confirmation once more, to the stored address."""
    now = timezone.now()
    rate_limit.hit("call", str(lead.public_id), limit=MAX_CHANGES_PER_HOUR, per=ONE_HOUR, now=now)
    booked = lead.calls.upcoming(now).first()
    if booked:
        with suppress(slots.BookingError):  # cancelled this very moment: the page says so
            resend_confirmation(call=booked, now=now)
    return _to_call(token)


@portal_view
@require_POST
def zone_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Their time zone, from now on: for these times, for our messages, and for when we may call."""
    form = ZoneForm(request.POST)
    now = timezone.now()
    if form.is_valid():
        contact_details.update_contact_details(
            lead, by=ActorKind.PATIENT, now=now, time_zone=form.cleaned_data["time_zone"]
        )
    name = "portal:call-move" if lead.calls.upcoming(now).exists() else "portal:call"
    return redirect_after_post(name, token)


def call_section_context(lead: Lead, now: dt.datetime) -> dict[str, Any]:
    """For `my/_call.html`: the call to come, or the one that is being held, in their own words for time."""
    booked = lead.calls.booked().filter(ends_at__gt=now).order_by("starts_at").select_related("host__user").first()
    return {
        "call": booked,
        "call_when": time_zones.format_moment(booked.starts_at, lead.time_zone) if booked else "",
        "call_began": bool(booked and booked.starts_at <= now),
        "call_phone": lead.phone,
    }


def _save(request: HttpRequest, form: SlotForm, token: str, now: dt.datetime) -> HttpResponse:
    rate_limit.hit("call", str(form.lead.public_id), limit=MAX_CHANGES_PER_HOUR, per=ONE_HOUR, now=now)
    if not form.is_valid():
        return _times(request, form, token, now, status=422)
    try:
        form.save(now=now)
    except (AlreadyBooked, CallNotBooked, CallAlreadyStarted):
        return _to_call(token)  # where they see the call they have, or how it stands
    except slots.BookingError as refused:
        form.renew(start="")
        return _times(request, form, token, now, status=409, problem=SLOT_TAKEN_MESSAGE[refused.code])
    return _to_call(token)


def _times(
    request: HttpRequest, form: SlotForm, token: str, now: dt.datetime, *, status: int = 200, problem: str = ""
) -> HttpResponse:
    zone = form.lead.time_zone
    free = available_slots_for(now=now, moving=form.moving)
    pages = Paginator(days([slot.start for slot in free], zone), DAYS_A_PAGE)
    context = {
        "token": token,
        "form": form,
        "page": pages.get_page(request.GET.get("page")),
        "problem": problem,
        "zone": time_zones.zone_label(zone, free[0].start if free else now),
        "zone_form": ZoneForm(initial={"time_zone": zone}),
        "minutes": current_offer().calls.length // dt.timedelta(minutes=1),
        **(call_section_context(form.lead, now) if form.moving else {}),
    }
    return render(request, "portal/choose_slot.html", context, status=status)


def days(starts: list[dt.datetime], zone: str) -> list[Day]:
    """`starts` under the dates of `zone`; where a clock change repeats an hour, each time says its offset."""
    found = []
    for date, times in slots.by_day(starts, ZoneInfo(zone)).items():
        several = len({time.utcoffset() for time in times}) > 1
        shown = [
            (
                time.astimezone(dt.UTC).isoformat(),
                time_zones.format_time(time) + (f" ({time_zones.format_offset(time)})" if several else ""),
            )
            for time in times
        ]
        found.append(Day(f"{date:%A, %B} {date.day}", time_zones.zone_label(zone, times[0]), shown))
    return found


def _to_call(token: str) -> HttpResponse:
    return redirect_after_post("portal:call", token)
