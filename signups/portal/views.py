"""The patient portal, opened by a private link: no account, no password."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from signups.callbacks import views as callback_views
from signups.calls import portal_views as call_portal_views
from signups.consents.choices import OPTIONAL_CONSENTS
from signups.leads.models import Lead
from signups.privacy import export_jobs
from signups.privacy.models import DataExportJob
from signups.web import form_limits
from signups.web.decorators import portal_view, rate_limited
from signups.web.responses import redirect_after_post

from .actions import resend_portal_link
from .forms import ResendPortalLinkForm


def trial_section_context(lead: Lead, now: dt.datetime) -> dict[str, Any]:
    """Return the context of `portal/_trial.html` and `portal/_promises.html`."""
    trial = lead.trials.first()
    if trial is None:
        return {"trial": None}
    today = trial.day(now) if trial.state(now).startswith("day") else None
    return {
        "trial": trial,
        "state": trial.state(now),
        "today": today,
        "days": [(day, "past" if today and day < today else "today" if day == today else "") for day in _days(trial)],
        "may_undo": bool(trial.undo_until and now <= trial.undo_until) and not lead.trials.open().exists(),
        "last_day": trial.guarantee_last_day(lead.time_zone),
        "may_be_refunded": trial.may_be_refunded(lead.time_zone, now),
    }


def _days(trial: Any) -> range:
    return range(1, trial.days + 1)


def data_section_context(lead: Lead, now: dt.datetime) -> dict[str, Any]:
    """Return the context of `portal/_details.html` and `portal/_data.html`.

    Contains the optional consents, the reminder preference and the state of the data export.
    """
    in_force = {consent.text.purpose for consent in lead.consents.in_force().select_related("text")}
    agreed = [(purpose.label, purpose in in_force) for purpose in OPTIONAL_CONSENTS]
    job = DataExportJob.objects.kept(now).filter(lead=lead).first()
    done, total = export_jobs.export_progress(job) if job else (0, 1)
    return {
        "agreed": [*agreed, ("email reminders about the trial", lead.unsubscribed_at is None)],
        "copy": job,
        "copy_done": done,
        "copy_of": total,
    }


# Sections of `portal/home.html`: each function returns the context of its partial.
SECTIONS: list[Callable[[Lead, dt.datetime], dict[str, Any]]] = [
    trial_section_context,
    call_portal_views.offered_call_context,
    callback_views.callback_section_context,
    data_section_context,
]


@portal_view
@require_safe
def home(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Show the sections of the portal."""
    context: dict[str, Any] = {"lead": lead, "token": token}
    for section in SECTIONS:
        context |= section(lead, timezone.now())
    return render(request, "portal/home.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@rate_limited
def resend_portal_link_page(request: HttpRequest) -> HttpResponse:
    """Send the portal link to the entered address.

    The response is the same for unknown addresses.
    """
    form = ResendPortalLinkForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return render(request, "portal/resend_link.html", {"form": form})
    form_limits.count_attempt("resend-portal-link", request, per_client=20)
    if not form.is_valid():
        return render(request, "portal/resend_link.html", {"form": form}, status=422)
    if not form_limits.may_accept("resend-portal-link", request, form, form.cleaned_data["email"]):
        return render(request, "portal/resend_link.html", {"form": form}, status=429)
    resend_portal_link(form.cleaned_data["email"], now=timezone.now())
    return redirect_after_post("resend-portal-link-sent")


@require_safe
@never_cache
def resend_portal_link_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/resend_link_sent.html")
