"""Portal pages that cancel or resume a trial and request a refund."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from signups.audit.choices import ActorKind
from signups.leads.models import Lead
from signups.web.decorators import never_refused, portal_view, post_only
from signups.web.done import redirect_done
from signups.web.responses import redirect_after_post

from .actions import UndoWindowClosed, cancel_trial, request_refund, resume_trial


@portal_view
@never_refused
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_trial_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Ask for confirmation on GET, cancel on POST.

    Without an open trial, redirect to the portal.
    """
    trial = lead.trials.open().first()
    if trial and request.method != "POST":
        return render(request, "portal/cancel.html", {"lead": lead, "token": token, "trial": trial})
    if trial:
        cancel_trial(trial, by=ActorKind.PATIENT, now=timezone.now())
        return redirect_done("portal:home", token, "trial-canceled")
    return redirect_after_post("portal:home", token)


@portal_view
@post_only(back="portal:home")
def resume_trial_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Undo the cancellation within the undo window; 409 after it."""
    trial = lead.trials.first()
    if trial:
        try:
            resume_trial(trial, by=ActorKind.PATIENT, now=timezone.now())
        except UndoWindowClosed:
            return render(request, "portal/undo_expired.html", {"token": token}, status=409)
        return redirect_done("portal:home", token, "trial-resumed")
    return redirect_after_post("portal:home", token)


@portal_view
@require_http_methods(["GET", "HEAD", "POST"])
def refund_page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """Ask for confirmation on GET, request the refund on POST.

    409 after the guarantee period.
    """
    trial = lead.trials.filter(converted_at__isnull=False).first()
    if trial is None or trial.refund_requested_at:
        return redirect_after_post("portal:home", token)
    now = timezone.now()
    last_day = trial.guarantee_last_day(lead.time_zone)
    context = {"token": token, "trial": trial, "last_day": last_day}
    if not trial.may_be_refunded(lead.time_zone, now):
        return render(request, "portal/undo_expired.html", context, status=409)
    if request.method != "POST":
        return render(request, "portal/refund.html", context)
    try:
        request_refund(trial, by=ActorKind.PATIENT, now=now)
    except UndoWindowClosed:  # the day ended meanwhile
        return render(request, "portal/undo_expired.html", context, status=409)
    return redirect_done("portal:home", token, "refund")
