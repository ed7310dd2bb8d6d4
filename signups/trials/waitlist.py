"""Waitlist for states that the clinic does not serve yet."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, connection, transaction

from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.leads.choices import TERMINAL_STATUSES
from signups.offer import current_offer

from . import emails
from .actions import get_or_create_lead, trial_idempotency_key, was_trial_requested
from .waitlist_models import WaitlistEntry

NOTIFY_BATCH = 50


def join_waitlist(*, name: str, email: str, state: str, form_key: uuid.UUID, now: dt.datetime) -> None:
    """Add a lead to the waitlist of `state`. Idempotent for a repeated `form_key`.

    The outcome is the same for known and new addresses.
    """
    entry: dict[str, Any] = {
        "name": name,
        "email": email,
        "state": state,
        "form_key": trial_idempotency_key(form_key, email),
    }
    try:
        _join(**entry, now=now)
    except IntegrityError:  # this form, or another about the address, was stored a moment before
        if not was_trial_requested(form_key=form_key, email=email):
            _join(**entry, now=now)


@transaction.atomic
def _join(*, name: str, email: str, state: str, form_key: uuid.UUID, now: dt.datetime) -> None:
    fields = {"name": name, "state": state, "time_zone": current_offer().time_zone}
    lead, _ = get_or_create_lead(email=email, created_at=now, **fields)
    record_event(lead, AuditAction.OPENING_ASKED, by=ActorKind.PATIENT, now=now, idempotency_key=form_key, state=state)
    WaitlistEntry.objects.get_or_create(lead=lead, state=state, notified_at=None, defaults={"created_at": now})


@transaction.atomic
def notify_waitlist(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: notify up to NOTIFY_BATCH entries whose state is now served.

    Returns the number of entries notified.
    """
    waiting = WaitlistEntry.objects.waiting().exclude(lead__status__in=TERMINAL_STATUSES).select_related("lead")
    if open_in := current_offer().states:  # an empty list means every state
        waiting = waiting.filter(state__in=open_in)
    skip = connection.features.has_select_for_update_skip_locked
    batch = list(waiting.select_for_update(of=("self",), skip_locked=skip)[:NOTIFY_BATCH])
    for entry in batch:
        emails.waitlist_state_opened(entry, now=clock())
    WaitlistEntry.objects.filter(pk__in=[entry.pk for entry in batch]).update(notified_at=clock())
    return len(batch)
