"""E-mails about a trial, its refund and the waitlist."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from clinic.lib import time_zones, us_states
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.leads.undo import STAFF_UNDO_WINDOW
from signups.messages.kinds import MessageKind, register
from signups.messages.models import OutboxMessage
from signups.messages.outbox import enqueue, portal_link_context, unique_occasion

from .models import Trial
from .waitlist_models import WaitlistEntry


def _is_running(message: OutboxMessage, now: dt.datetime) -> bool:
    return message.trial is not None and Trial.objects.running(now).filter(pk=message.trial.pk).exists()


def _has_ended(message: OutboxMessage, now: dt.datetime) -> bool:
    return message.trial is not None and message.trial.state(now) == "ended"


def _is_cancelled(message: OutboxMessage, now: dt.datetime) -> bool:
    """Return whether the cancellation was not undone meanwhile."""
    return message.lead.current_trial() is None


def _undo_until(message: OutboxMessage) -> dt.datetime | None:
    """Hold messages of the trial back while a cancellation can be undone."""
    return message.trial.undo_until if message.trial else None


def _context(trial: Trial | None, lead: Lead) -> dict[str, Any]:
    """Return the template context: the trial with its times on the lead's clock, and their portal link."""
    context: dict[str, Any] = {"trial": trial, **portal_link_context(lead)}
    if trial and trial.ends_at:
        context["ends"] = time_zones.format_moment(trial.ends_at, lead.time_zone)
        local = trial.ends_at.astimezone(ZoneInfo(lead.time_zone))
        context["ends_day"] = f"{local:%A}, {local:%B} {local.day}"
    if trial and trial.undo_until:
        context["undo_until"] = time_zones.format_short(trial.undo_until, lead.time_zone)
    return context


def _context_at_sending(message: OutboxMessage) -> dict[str, Any]:
    return _context(message.trial, message.lead)


CONFIRM_TRIAL = register(MessageKind("confirm_trial", "confirm your email", asked_again=True))
TRIAL_EXISTS = register(MessageKind("trial_exists", "you already have a trial"))
TRIAL_STARTED = register(MessageKind("trial_started", "your trial has started"))
TRIAL_ENDING = register(
    MessageKind(
        "trial_ending",
        "your trial ends soon",
        unsolicited=True,
        quiet_hours=True,
        still_relevant=_is_running,
        hold_until=_undo_until,
        context_at_sending=_context_at_sending,
    )
)
TRIAL_ENDED = register(
    MessageKind(
        "trial_ended",
        "your trial has ended",
        unsolicited=True,
        quiet_hours=True,
        still_relevant=_has_ended,
        hold_until=_undo_until,
        context_at_sending=_context_at_sending,
    )
)
TRIAL_CANCELLED = register(MessageKind("trial_cancelled", "your trial is cancelled", still_relevant=_is_cancelled))


def _is_converted(message: OutboxMessage, now: dt.datetime) -> bool:
    return message.trial is not None and message.trial.converted_at is not None


CONVERTED = register(MessageKind("converted", "your guarantee", still_relevant=_is_converted))
REFUND_REQUESTED = register(MessageKind("refund_requested", "your refund request"))
WAITLIST_OPENED = register(
    MessageKind("waitlist_opened", "we are open where you live", unsolicited=True, quiet_hours=True)
)


def confirm_trial(trial: Trial, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the confirmation link that starts the trial.

    Once per `confirmation_token_version`.
    """
    lead = trial.lead
    context = {"link": lead_links.confirmation_url(lead), "trial": trial}
    return enqueue(CONFIRM_TRIAL, lead, lead.confirmation_token_version, now=now, context=context, trial=trial)


def trial_exists(lead: Lead, *, now: dt.datetime) -> OutboxMessage | None:
    """Tell the owner of an address that signed up again that no new trial was started.

    Once per repeat.
    """
    return enqueue(TRIAL_EXISTS, lead, unique_occasion(), now=now, context=portal_link_context(lead))


def trial_started(trial: Trial, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the end date and the portal link. Once per trial."""
    return _enqueue(TRIAL_STARTED, trial, now=now)


def trial_ending(trial: Trial, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the reminder for 24 hours before the end, outside quiet hours.

    Once per trial.
    """
    return _enqueue(TRIAL_ENDING, trial, now=now, send_at=trial.ends_at and trial.ends_at - dt.timedelta(days=1))


def trial_ended(trial: Trial, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the notice for the end, outside quiet hours. Once per trial."""
    return _enqueue(TRIAL_ENDED, trial, now=now, send_at=trial.ends_at)


def trial_cancelled(trial: Trial, *, now: dt.datetime, send_at: dt.datetime | None = None) -> OutboxMessage | None:
    """Enqueue the cancellation with its undo deadline, unless it is sent when that is over. Once per cancellation."""
    later = {"undo_until": ""} if send_at else {}
    return _enqueue(TRIAL_CANCELLED, trial, now=now, occasion=unique_occasion(), send_at=send_at, **later)


def converted(trial: Trial, *, now: dt.datetime) -> OutboxMessage | None:
    """Tell a new patient the last day of the guarantee, once the conversion can no longer be undone.

    Once per conversion.
    """
    last_day = trial.guarantee_last_day(trial.lead.time_zone)
    occasion = unique_occasion()
    send_at = now + STAFF_UNDO_WINDOW
    return _enqueue(CONVERTED, trial, now=now, occasion=occasion, send_at=send_at, last_day=last_day)


def refund_requested(trial: Trial, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the acceptance of a refund request. Once per trial."""
    return _enqueue(REFUND_REQUESTED, trial, now=now)


def _enqueue(
    kind: MessageKind,
    trial: Trial,
    *,
    now: dt.datetime,
    occasion: str = "",
    send_at: dt.datetime | None = None,
    **context: Any,
) -> OutboxMessage | None:
    context = {**_context(trial, trial.lead), **context}
    return enqueue(
        kind, trial.lead, occasion or trial.pk, now=now, context=context, trial=trial, send_at=send_at or now
    )


def waitlist_state_opened(request: WaitlistEntry, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the notice that the clinic serves the state. Once per entry."""
    context = {"state": us_states.state_name(request.state), "start": settings.SITE_URL + reverse("start")}
    return enqueue(WAITLIST_OPENED, request.lead, request.pk, now=now, context=context)
