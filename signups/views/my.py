"""The patient's own page, behind their private link: no account, no password."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from signups.models import Lead

from . import callbacks, calls
from .decorators import patient_page


def trial_panel(lead: Lead, now: dt.datetime) -> dict[str, Any]:
    """For `my/_trial.html`: their free days, and where they stand."""
    trial = lead.trials.first()
    return {"trial": trial, "state": trial.state(now) if trial else ""}


# What `my/page.html` is made of: each gives its own partial what it shows.
PANELS: list[Callable[[Lead, dt.datetime], dict[str, Any]]] = [trial_panel, calls.panel, callbacks.panel]


@patient_page
@require_safe
def page(request: HttpRequest, lead: Lead, token: str) -> HttpResponse:
    """What this person has with us."""
    context: dict[str, Any] = {"lead": lead, "token": token}
    for panel in PANELS:
        context |= panel(lead, timezone.now())
    return render(request, "signups/my/page.html", context)
