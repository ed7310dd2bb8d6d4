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

from signups import normalise, throttle, zones
from signups.actions import callbacks
from signups.forms.callbacks import CallbackForm, MyCallbackForm
from signups.models import Lead
from signups.scheduling import attempts
from signups.states import CallbackOutcome
from signups.web.responses import redirect_after_post

from .decorators import patient_page, throttled

HOUR = dt.timedelta(hours=1)
SALT = "signups.views.callbacks.thanks"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@throttled
def ask(request: HttpRequest) -> HttpResponse:
    """The form; every valid one, from a known or a new number, ends at the same place."""
    now = timezone.now()
    source = normalise.source(request.GET.get("source", ""))
    form = CallbackForm(request.POST if request.method == "POST" else None, source=source, now=now)
    if not form.is_bound:
        return render(request, "signups/callback.html", {"form": form, "by": _promise(form, now)})
    throttle.check("callback", throttle.client(request), limit=60, per=HOUR, now=now)
    throttle.check("callback", throttle.EVERYONE, limit=settings.FORMS_PER_HOUR, per=HOUR, now=now)
    if not form.is_valid():
        return render(request, "signups/callback.html", {"form": form}, status=422)
    if not form.is_replay():
        throttle.check("callback", form.cleaned_data["phone_e164"], limit=10, per=HOUR, now=now)
        form.save()
    told = signing.dumps([form.due.isoformat(), form.cleaned_data["time_zone"]], salt=SALT)
    return redirect_after_post(reverse("callback-thanks", query={"by": told}))


def _promise(form: CallbackForm, now: dt.datetime) -> str:
    """By when we call somebody in our own zone who asks now; empty while nobody answers the phone."""
    zone = form.clinic.time_zone
    try:
        return f"{attempts.in_words(callbacks.due(now, zone), now, zone)} ({zones.city(zone)} time)"
    except callbacks.Refused:
        return ""


@require_safe
@never_cache
def thanks(request: HttpRequest) -> HttpResponse:
    """Says by when we call, as the signed address tells it; without one, that we do."""
    try:
        due, zone = signing.loads(request.GET.get("by", ""), salt=SALT)
        words = attempts.in_words(dt.datetime.fromisoformat(due), timezone.now(), zone)
    except signing.BadSignature:
        words = ""
    return render(request, "signups/callback_thanks.html", {"by": words})


@patient_page
@require_http_methods(["GET", "HEAD", "POST"])
@throttled
def my_ask(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """The same from somebody's own page. While a call is on its way, that is what the page says (409 to a form)."""
    now = timezone.now()
    form = MyCallbackForm(request.POST if request.method == "POST" else None, lead=lead, now=now)
    page = "signups/my/callback.html"
    context = {"form": form, "token": token, **panel(lead, now)}
    if form.is_bound and form.is_valid() and form.is_replay():
        return _to_my_page(token)
    if context["callback"]:
        return render(request, page, context, status=409 if form.is_bound else 200)
    if not form.is_bound:
        return render(request, page, context)
    if not form.is_valid():
        return render(request, page, context, status=422)
    throttle.check("callback", form.cleaned_data["phone_e164"], limit=10, per=HOUR, now=now)
    form.save()
    return _to_my_page(token)


@patient_page
@require_http_methods(["GET", "HEAD", "POST"])
def my_cancel(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """GET shows a button, POST takes the wish back: links in messages are opened by scanners."""
    if request.method != "POST":
        context = {"token": token, **panel(lead, timezone.now())}
        return render(request, "signups/my/callback_cancel.html", context)
    callbacks.cancel(lead, now=timezone.now())
    return _to_my_page(token)


def panel(lead: Lead, now: dt.datetime) -> dict[str, Any]:
    """For `my/_callback.html`: the call that is on its way, and by when, in their own words for time."""
    waiting = lead.callbacks.open().first()
    last = lead.callbacks.order_by("-created_at").first()
    return {
        "callback": waiting,
        "callback_by": attempts.in_words(waiting.call_at, now, waiting.time_zone) if waiting else "",
        "callback_is_late": bool(waiting and waiting.call_at < now),
        "callback_unreachable": bool(last and last.outcome == CallbackOutcome.UNREACHABLE),
    }


def _to_my_page(token: str) -> HttpResponse:
    return redirect_after_post("my", token)
