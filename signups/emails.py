"""One function per message. Each writes a row of the outbox in the caller's transaction; nothing is sent here."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from . import links, terms
from .models import CallbackRequest, Lead, Message, Trial
from .states import MessageKind


def confirm_trial(lead: Lead, *, now: dt.datetime) -> Message:
    """Asks whether the address is theirs; the trial starts with the answer. Once per version of the lead's links."""
    context = {"link": links.confirm_url(lead), "trial": lead.current_trial()}
    return _write(MessageKind.CONFIRM_TRIAL, lead, lead.link_version, now, context)


def trial_exists(lead: Lead, *, now: dt.datetime) -> Message:
    """To the owner of an address that signed up again: nothing new was started. Once per repeat."""
    return _write(MessageKind.TRIAL_EXISTS, lead, lead.messages.count(), now, {})


def trial_started(trial: Trial, *, now: dt.datetime) -> Message:
    """The free days run, and when they end. Once per trial."""
    return _write(MessageKind.TRIAL_STARTED, trial.lead, trial.pk, now, {"trial": trial})


def unreachable(request: CallbackRequest, *, now: dt.datetime) -> Message | None:
    """We called and did not reach them; we stop unless they ask again. Once per request; None without an address."""
    if not request.lead.email:
        return None
    context = {"link": settings.SITE_URL + reverse("callback")}
    return _write(MessageKind.UNREACHABLE, request.lead, request.pk, now, context)


def _write(kind: MessageKind, lead: Lead, occasion: int, now: dt.datetime, context: dict[str, Any]) -> Message:
    """Renders `emails/<kind>.{subject.txt,txt,html}` and stores the outcome; the same `occasion` is told once."""
    full = {**context, "lead": lead, "terms": terms.current()}
    subject = " ".join(render_to_string(f"emails/{kind}.subject.txt", full).split())
    return Message.objects.create(
        lead=lead,
        kind=kind,
        dedupe_key=f"{kind}:{lead.pk}:{occasion}",
        to=lead.email,
        subject=subject,
        text=render_to_string(f"emails/{kind}.txt", full),
        html=render_to_string(f"emails/{kind}.html", full),
        created_at=now,
        send_at=now,
    )
