"""Public and portal pages that request a callback."""

import datetime as dt
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from clinic.lib import normalization, time_zones
from signups.leads import locking
from signups.leads.models import Lead
from signups.scheduling import callback_times
from signups.web import form_limits
from signups.web.decorators import never_refused, portal_view, rate_limited
from signups.web.done import redirect_done
from signups.web.responses import redirect_after_post

from .actions import cancel_callback, promised_time
from .choices import CallbackOutcome
from .forms import CallbackForm, PortalCallbackForm

PROMISE_SALT = "signups.callbacks.views.thanks"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@rate_limited
def request_callback_page(request: HttpRequest) -> HttpResponse:
    """Process the callback form; known and new numbers end at the same page."""
    now = timezone.now()
    source = normalization.clean_source(request.GET.get("source", ""))
    form = CallbackForm(request.POST if request.method == "POST" else None, source=source, now=now)
    if not form.is_bound:
        return render(request, "public/callback.html", {"form": form, "by": _promise(form, now)})
    form_limits.count_attempt("callback", request)
    if not form.is_valid():
        return render(request, "public/callback.html", {"form": form}, status=422)
    if not form.is_replay():
        if not form_limits.may_accept("callback", request, form, form.cleaned_data["phone_e164"]):
            return render(request, "public/callback.html", {"form": form}, status=429)
        form.save()
    promise = signing.dumps([form.due.isoformat(), form.cleaned_data["time_zone"]], salt=PROMISE_SALT)
    return redirect_after_post(reverse("callback-thanks", query={"by": promise}))


def _promise(form: CallbackForm, now: dt.datetime) -> str:
    """Return the promised time for a request made now in the clinic's time zone.

    Empty while the clinic cannot promise a call.
    """
    zone = form.clinic.time_zone
    try:
        promise = callback_times.humanize_callback_time(promised_time(now, zone), now, zone)
        return f"{promise} ({time_zones.common_zone_name(zone)})"
    except locking.ActionError:
        return ""


@require_safe
@never_cache
def thanks(request: HttpRequest) -> HttpResponse:
    """Show the promised time carried by the signed query string.

    Without a valid signature, show no time.
    """
    try:
        due, zone = signing.loads(request.GET.get("by", ""), salt=PROMISE_SALT)
        words = callback_times.humanize_callback_time(dt.datetime.fromisoformat(due), timezone.now(), zone)
    except signing.BadSignature:
        words = ""
    return render(request, "public/callback_thanks.html", {"by": words})


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def portal_request(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Process the callback form of the portal.

    While a callback is open, show it instead of the form (409 on POST).
    """
    now = timezone.now()
    form = PortalCallbackForm(request.POST if request.method == "POST" else None, lead=lead, now=now)
    page = "portal/callback.html"
    context = {"form": form, "token": token, **callback_section_context(lead, now)}
    if form.is_bound and form.is_valid() and form.is_replay():
        return _to_portal_home(token)
    if context["callback"]:
        return render(request, page, context, status=409 if form.is_bound else 200)
    if not form.is_bound:
        return render(request, page, context)
    if not form.is_valid():
        return render(request, page, context, status=422)
    form_limits.count_mailbox("callback", form.cleaned_data["phone_e164"])
    form.save()
    return redirect_done("portal:home", token, "callback")


@portal_view
@never_refused
@require_http_methods(["GET", "HEAD", "POST"])
def portal_cancel(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Ask for confirmation on GET, cancel on POST: mail scanners open links."""
    if request.method != "POST":
        context = {"token": token, **callback_section_context(lead, timezone.now())}
        return render(request, "portal/callback_cancel.html", context)
    cancel_callback(lead, now=timezone.now())
    return redirect_done("portal:home", token, "callback-canceled")


def callback_section_context(lead: Lead, now: dt.datetime) -> dict[str, Any]:
    """Return the context of `portal/_callback.html`: the open callback, if any.

    Its due time is in the time zone of the request.
    """
    waiting = lead.callbacks.open().first()
    last = lead.callbacks.order_by("-created_at").first()
    return {
        "callback": waiting,
        "callback_by": callback_times.humanize_callback_time(waiting.call_at, now, waiting.time_zone)
        if waiting
        else "",
        "callback_is_late": bool(waiting and waiting.call_at < now),
        "callback_unreachable": bool(last and last.outcome == CallbackOutcome.UNREACHABLE),
        "callback_at_night": bool(last and last.outcome == CallbackOutcome.NIGHT_THERE),
    }


def _to_portal_home(token: str) -> HttpResponse:
    return redirect_after_post("portal:home", token)
