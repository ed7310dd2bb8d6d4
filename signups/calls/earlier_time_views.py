"""The waiting list for earlier times in the portal: join it, leave it, take or decline the time that is held."""

import datetime as dt
from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from signups.audit.choices import ActorKind
from signups.leads.models import Lead
from signups.scheduling.slots import BookingError
from signups.web.decorators import never_refused, portal_view, post_only, rate_limited
from signups.web.done import redirect_done
from signups.web.responses import redirect_after_post

from . import earlier_times
from .actions import reschedule_call
from .portal_views import call_section_context


@portal_view
@post_only(back="portal:call")
def join_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Put the lead on the waiting list for times earlier than the booked one."""
    now = timezone.now()
    booked = lead.calls.upcoming(now).first()
    if booked is None or not earlier_times.can_be_offered(lead):
        return redirect_after_post("portal:call", token)
    earlier_times.join_waiting_list(call=booked, by=ActorKind.PATIENT, now=now)
    return redirect_done("portal:call", token, "waiting-list")


@portal_view
@post_only(back="portal:call")
@never_refused
def leave_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    now = timezone.now()
    booked = lead.calls.upcoming(now).first()
    if booked is None:
        return redirect_after_post("portal:call", token)
    earlier_times.leave_waiting_list(call=booked, by=ActorKind.PATIENT, now=now)
    return redirect_done("portal:call", token, "waiting-list-left")


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def earlier_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Show the time that is held for the lead; POST takes it. Mail scanners open links: a GET changes nothing."""
    now = timezone.now()
    booked = lead.calls.upcoming(now).select_related("host__user", "call_type").first()
    if booked is None:
        return redirect_after_post("portal:call", token)
    offer, is_post = earlier_times.open_offer(booked, now), request.method == "POST"
    if is_post and offer and offer.starts_at == _posted_start(request):
        with suppress(BookingError):  # gone meanwhile, as the page then says
            reschedule_call(call=booked, start=offer.starts_at, host=offer.host, by=ActorKind.PATIENT, now=now)
            return redirect_done("portal:call", token, "call-rescheduled")
    context = {"token": token, "gone": is_post or offer is None, **call_section_context(lead, now)}
    return render(request, "portal/call_earlier.html", context, status=409 if is_post else 200)


@portal_view
@post_only(back="portal:call-earlier")
@never_refused
def decline_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Keep the booked time; the held one goes to the next on the list."""
    booked, start = lead.calls.upcoming(timezone.now()).first(), _posted_start(request)
    if booked and start:
        earlier_times.decline_offer(call=booked, start=start)
    return redirect_done("portal:call", token, "earlier-kept")


def _posted_start(request: HttpRequest) -> dt.datetime | None:
    """Return the time that the page showed: it may be another than the one held now."""
    with suppress(ValueError):
        start = dt.datetime.fromisoformat(request.POST.get("start", ""))
        return start if start.tzinfo else None
    return None
