"""Carry what a person says later, or the departure of a host, through to booked calls."""

import datetime as dt
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from clinic.lib import time_zones
from signups.audit.actions import Actor
from signups.audit.choices import ActorKind
from signups.hosts.models import Host
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.scheduling.slots import BookingError

from . import clock_changes, emails
from .actions import cancel_call, notice_time, reassign_call, undo_cancel_call
from .alerts import raise_alert
from .choices import AlertKind, CallStatus
from .models import CallAlert, OnboardingCall


def update_booked_calls(*, lead: Lead, changed: frozenset[str], by: Actor, now: dt.datetime, **kwargs: Any) -> None:
    """Write invitations, reminders and calendar entries again where the new details belong in them.

    Receiver of `contact_details_changed`.

    Raises ActionError when the number was removed: the call needs one.
    """
    if "phone_e164" in changed:
        wrong = CallAlert.objects.filter(call__lead=lead, kind=AlertKind.WRONG_NUMBER, settled_at=None)
        wrong.update(settled_at=now)
    for call in lead.calls.upcoming(now).select_related("host__user"):
        if changed & {"phone", "phone_e164"} and not lead.phone_e164:
            when = time_zones.format_moment(call.starts_at, lead.time_zone)
            raise ActionError(f"The call on {when} needs a phone number. Keep one, or cancel the call first.")
        call.lead = lead
        if "time_zone" in changed:
            clock_changes.note_offsets(call)
            call.save(update_fields=clock_changes.OFFSET_FIELDS)
        emails.follow_details(call, changed, now=now)


def cancel_calls_of_lead(
    *, lead: Lead, by: Actor, now: dt.datetime, stated_at: dt.datetime | None = None, **kwargs: Any
) -> None:
    """Cancel the upcoming calls booked up to `stated_at`; patient and host are notified, when staff cannot undo it.

    Receiver of `calls_revoked` and `open_work_ended`.
    """
    for call in lead.calls.upcoming(now).filter(created_at__lte=stated_at or now):
        notify_at = notice_time(call, now) if isinstance(by, User) else now
        cancel_call(call=call, by=by, now=now, notify_at=notify_at)


def resume_calls(*, lead: Lead, by: Actor, now: dt.datetime, since: dt.datetime, **kwargs: Any) -> list[str]:
    """Book the calls again that were canceled at `since`, if nobody knows yet. Receiver of `open_work_resumed`."""
    failed = []
    CallAlert.objects.filter(call__lead=lead, kind=AlertKind.WRONG_NUMBER, created_at=since).update(settled_at=now)
    for call in lead.calls.filter(status=CallStatus.CANCELLED, changed_at=since):
        try:
            with transaction.atomic():
                undo_cancel_call(call=call, by=by, now=now)
        except BookingError:
            when = time_zones.format_short(call.starts_at, timezone.get_current_timezone_name())
            why = "the time is taken, there is no number to call, they asked not to be called, or they know already"
            failed.append(f"The call on {when} stays canceled: {why}.")
    return failed


def ask_for_number(*, lead: Lead, by: Actor, now: dt.datetime, **kwargs: Any) -> bool:
    """Ask for another number for a booked call; return whether there is one to ask about.

    Receiver of `number_found_wrong`. Who cannot be asked by email cannot be called either: the call is cancelled.
    """
    call = lead.calls.upcoming(now).select_related("host__user").first()
    if call is None:
        return False
    call.lead = lead
    notify_at = notice_time(call, now) if isinstance(by, User) else now
    if lead.email and not lead.email_bounced_at:
        emails.call_needs_number(call, now=now, send_at=notify_at)
        raise_alert(call, AlertKind.WRONG_NUMBER, now=now)
    else:
        cancel_call(call=call, by=by, now=now, notify_at=notify_at)
    return True


@transaction.atomic
def reassign_calls_of_inactive_host(*, instance: User, **kwargs: Any) -> None:
    """Give the upcoming calls of a deactivated user to colleagues free at the same time. Receiver of `post_save`.

    Where nobody is free, the call stays and staff get an alert.
    """
    if instance.is_active or not OnboardingCall.objects.upcoming(timezone.now()).filter(host__user=instance).exists():
        return
    now = timezone.now()
    hosts = list((Host.objects.active() | Host.objects.filter(user=instance)).locked())
    leaving = next(host for host in hosts if host.user_id == instance.pk)
    colleagues = [host for host in hosts if host != leaving]
    for call in leaving.calls.upcoming(now).order_by("lead_id"):
        if not _reassign_to_any(call, colleagues, now):
            raise_alert(call, AlertKind.HOST_LEFT, now=now)


def _reassign_to_any(call: OnboardingCall, hosts: list[Host], now: dt.datetime) -> bool:
    for host in sorted(hosts, key=lambda host: (host.calls.upcoming(now).count() / host.weight, host.pk)):
        try:
            with transaction.atomic():
                reassign_call(call=call, host=host, by=ActorKind.SYSTEM, now=now, forced=None)
        except BookingError:
            continue
        return True
    return False
