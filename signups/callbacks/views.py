"""Asking for a call: on the site, and on the patient's own page."""

import datetime as dt
from typing import Any

from django.conf import settings
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
from signups.ops import rate_limit
from signups.scheduling import callback_times
from signups.web.decorators import portal_view, rate_limited
from signups.web.responses import redirect_after_post

from .actions import cancel_callback, promised_time
from .choices import CallbackOutcome
from .forms import CallbackForm, PortalCallbackForm

ONE_HOUR = dt.timedelta(hours=1)
PROMISE_SALT = "signups.callbacks.views.thanks"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@rate_limited
def request_callback_page(request: HttpRequest) -> HttpResponse:
    """The form; every valid one, from a known or a new number, ends at the same place."""
    now = timezone.now()
    source = normalization.clean_source(request.GET.get("source", ""))
    form = CallbackForm(request.POST if request.method == "POST" else None, source=source, now=now)
    if not form.is_bound:
        return render(request, "public/callback.html", {"form": form, "by": _promise(form, now)})
    rate_limit.hit("callback", rate_limit.client_key(request), limit=60, per=ONE_HOUR, now=now)
    rate_limit.hit("callback", rate_limit.GLOBAL, limit=settings.PUBLIC_FORM_RATE_LIMIT, per=ONE_HOUR, now=now)
    if not form.is_valid():
        return render(request, "public/callback.html", {"form": form}, status=422)
    if not form.is_replay():
        rate_limit.hit("callback", form.cleaned_data["phone_e164"], limit=10, per=ONE_HOUR, now=now)
        form.save()
    told = signing.dumps([form.due.isoformat(), form.cleaned_data["time_zone"]], salt=PROMISE_SALT)
    return redirect_after_post(reverse("callback-thanks", query={"by": told}))


def _promise(form: CallbackForm, now: dt.datetime) -> str:
    """By when we call somebody in our own zone who asks now; empty while nobody answers the phone."""
    zone = form.clinic.time_zone
    try:
        promise = callback_times.humanize_callback_time(promised_time(now, zone), now, zone)
        return f"{promise} ({time_zones.city_name(zone)} time)"
    except locking.ActionError:
        return ""


@require_safe
@never_cache
def thanks(request: HttpRequest) -> HttpResponse:
    """Says by when we call, as the signed address tells it; without one, that we do."""
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
    """The same from somebody's own page. While a call is on its way, that is what the page says (409 to a form)."""
    now = timezone.now()
    form = PortalCallbackForm(request.POST if request.method == "POST" else None, lead=lead, now=now)
    page = "portal/callback.html"
    context = {"form": form, "token": token, **callback_section_context(lead, now)}
    if form.is_bound and form.is_valid() and form.is_replay():
        return _to_my_page(token)
    if context["callback"]:
        return render(request, page, context, status=409 if form.is_bound else 200)
    if not form.is_bound:
        return render(request, page, context)
    if not form.is_valid():
        return render(request, page, context, status=422)
    rate_limit.hit("callback", form.cleaned_data["phone_e164"], limit=10, per=ONE_HOUR, now=now)
    form.save()
    return _to_my_page(token)


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
def portal_cancel(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """GET shows a button, POST takes the wish back: links in messages are opened by scanners."""
    if request.method != "POST":
        context = {"token": token, **callback_section_context(lead, timezone.now())}
        return render(request, "portal/callback_cancel.html", context)
    cancel_callback(lead, now=timezone.now())
    return _to_my_page(token)


def callback_section_context(lead: Lead, now: dt.datetime) -> dict[str, Any]:
    """For `my/_callback.html`: the call that is on its way, and by when, in their own words for time."""
    waiting = lead.callbacks.open().first()
    last = lead.callbacks.order_by("-created_at").first()
    return {
        "callback": waiting,
        "callback_by": callback_times.humanize_callback_time(waiting.call_at, now, waiting.time_zone)
        if waiting
        else "",
        "callback_is_late": bool(waiting and waiting.call_at < now),
        "callback_unreachable": bool(last and last.outcome == CallbackOutcome.UNREACHABLE),
    }


def _to_my_page(token: str) -> HttpResponse:
    return redirect_after_post("portal:home", token)
