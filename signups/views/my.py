"""The patient's own page, behind their private link: no account, no password."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from signups.models import Lead

from .decorators import patient_page


@patient_page
@require_safe
def page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """What this person has with us."""
    trial = lead.current_trial()
    context = {"lead": lead, "token": token, "trial": trial, "state": trial.state(timezone.now()) if trial else ""}
    return render(request, "signups/my/page.html", context)
