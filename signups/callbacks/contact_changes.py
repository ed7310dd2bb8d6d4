"""Carry a lead's new details, or the departure of a colleague, through to open callbacks."""

import datetime as dt
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clinic.lib import contact_hours
from signups.audit.actions import Actor, record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.hosts.business_hours import clinic_business_hours
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.scheduling import callback_times

from .choices import CallbackOutcome
from .models import CallbackRequest

NUMBER_FIELDS = ("phone", "phone_e164", "phone_extension")


def update_open_callback(*, lead: Lead, changed: frozenset[str], by: Actor, now: dt.datetime, **kwargs: Any) -> None:
    """Give the open callback the new number, best time and time zone, and times that hold in that zone.

    A callback that can never be made in the zone is closed. Receiver of `contact_details_changed`. Raises ActionError
    when the number was removed.
    """
    waiting = lead.callbacks.select_for_update().filter(closed_at=None).first()
    if waiting is None:
        return
    fields: dict[str, Any] = {}
    if changed & {*NUMBER_FIELDS}:
        if not lead.phone_e164:
            raise ActionError("A call is on its way: keep a phone number, or cancel that call first.")
        fields |= {name: getattr(lead, name) for name in NUMBER_FIELDS}
    if "best_time" in changed:
        fields["best_time"] = lead.best_time
    if "time_zone" in changed and waiting.time_zone != lead.time_zone:
        fields |= {"time_zone": lead.time_zone, **_times_in_zone(waiting, lead.time_zone, now)}
    if fields:
        CallbackRequest.objects.filter(pk=waiting.pk).update(**fields)
    if "closed_at" in fields:
        record_event(lead, AuditAction.CALLBACK_CLOSED, by=by, now=now, outcome=fields["outcome"].value)


def _times_in_zone(request: CallbackRequest, zone: str, now: dt.datetime) -> dict[str, Any]:
    """Return the columns of `request` that a change to `zone` corrects.

    A promise or retry time that can still be kept stays; one at night is moved to the last hours before it, else to
    the first time that we could promise now. Without any, the request is closed.
    """
    clinic = current_offer()
    hours = clinic_business_hours(clinic)
    timed = CallbackRequest.objects.timed().get(pk=request.pk)
    if timed.next_at:
        if contact_hours.CALLING_HOURS.contains(timed.next_at, zone):
            return {}
        earliest = max(timed.next_at, now) - callback_times.MIN_RETRY_PAUSE
        return {"retry_at": callback_times.suggest_retry([earliest], hours, zone, request.best_time)}
    kept = callback_times.last_callable(now, timed.due_at, hours, zone) if timed.due_at > now else None
    due_at = kept or callback_times.promised_by(now, clinic.callback_minutes, hours, zone)
    if due_at is None:
        return {"closed_at": now, "outcome": CallbackOutcome.NIGHT_THERE}
    return {"due_at": due_at}


@transaction.atomic
def release_callbacks_of_inactive_user(*, instance: User, **kwargs: Any) -> None:
    """Return the claimed callbacks of a deactivated user to the queue. Receiver of `post_save`."""
    if instance.is_active:
        return
    now = timezone.now()
    for request in CallbackRequest.objects.filter(claimed_by=instance, closed_at=None).select_related("lead"):
        CallbackRequest.objects.filter(pk=request.pk, claimed_by=instance).update(claimed_by=None, claimed_at=None)
        record_event(request.lead, AuditAction.CALLBACK_RELEASED, by=ActorKind.SYSTEM, now=now)
