"""E-mails about an onboarding call, with iCalendar invitations."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.urls import reverse

from clinic.lib import normalization, time_zones
from signups.hosts.models import Host
from signups.leads.models import Lead
from signups.messages.choices import CalendarMethod, MessageChannel
from signups.messages.kinds import MessageKind, register
from signups.messages.models import OutboxMessage
from signups.messages.outbox import enqueue, portal_link_context
from signups.offer import current_offer
from signups.scheduling.icalendar_invites import CalendarEntry, render_invitation

from .choices import CallStatus
from .models import OnboardingCall


def _is_current(message: OutboxMessage, now: dt.datetime) -> bool:
    """Return whether the call is still booked in this version and has not begun."""
    call = message.call
    if call is None or now >= call.starts_at:
        return False
    return (call.status, call.sequence) == (CallStatus.BOOKED, message.call_sequence)


def _context(call: OnboardingCall, lead: Lead) -> dict[str, Any]:
    return {
        "host": call.host,
        "when": time_zones.format_moment(call.starts_at, lead.time_zone),
        "when_short": time_zones.format_short(call.starts_at, lead.time_zone),
        **portal_link_context(lead),
    }


def _context_at_sending(message: OutboxMessage) -> dict[str, Any]:
    return _context(message.call, message.lead) if message.call else {}


BOTH = (MessageChannel.EMAIL, MessageChannel.TEXT)
CALL_BOOKED = register(MessageKind("call_booked", "your call is booked", channels=BOTH, still_relevant=_is_current))
CALL_MOVED = register(MessageKind("call_moved", "your call has changed", channels=BOTH, still_relevant=_is_current))
CALL_CANCELLED = register(MessageKind("call_cancelled", "your call is canceled", channels=BOTH))
CALL_DAY_BEFORE = register(
    MessageKind(
        "call_day_before",
        "your call is tomorrow",
        channels=BOTH,
        still_relevant=_is_current,
        context_at_sending=_context_at_sending,
    )
)
CALL_HOUR_BEFORE = register(
    MessageKind(
        "call_hour_before",
        "your call is in an hour",
        channels=BOTH,
        still_relevant=_is_current,
        context_at_sending=_context_at_sending,
    )
)
HOST_CALL = register(
    MessageKind("host_call", "to the host: a call", to_staff=True, survives_erasure=True, still_relevant=_is_current)
)
HOST_CALL_CANCELLED = register(
    MessageKind("host_call_cancelled", "to the host: a call is off", to_staff=True, survives_erasure=True)
)

REMINDERS = {CALL_DAY_BEFORE: dt.timedelta(hours=24), CALL_HOUR_BEFORE: dt.timedelta(hours=1)}


def call_booked(call: OnboardingCall, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the booking confirmation with an invitation.

    A repeat carries the same invitation with a newer DTSTAMP. None without an e-mail address.
    """
    resends = call.messages.filter(kind=CALL_BOOKED.value).count()
    return _to_patient(CALL_BOOKED, call, now, resends=resends)


def call_changed(call: OnboardingCall, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue an update of the invitation: new time or host. Once per change."""
    return _to_patient(CALL_MOVED, call, now)


def call_cancelled(call: OnboardingCall, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the cancellation, also for the patient's calendar. Once per call."""
    return _to_patient(CALL_CANCELLED, call, now)


def call_reminders(call: OnboardingCall, *, now: dt.datetime) -> None:
    """Enqueue the reminders 24 hours and 1 hour before the call, unless already past.

    Once per version of the call.
    """
    for kind, ahead in REMINDERS.items():
        if call.starts_at - ahead >= now:
            _to_patient(kind, call, now, invite=False, send_at=call.starts_at - ahead)


def host_call(call: OnboardingCall, *, now: dt.datetime) -> OutboxMessage | None:
    """Notify the host of a new or changed call. Once per version of the call."""
    return _to_host(HOST_CALL, call, call.host, now)


def host_call_cancelled(call: OnboardingCall, host: Host, *, now: dt.datetime) -> OutboxMessage | None:
    """Notify `host` that the call was cancelled or reassigned.

    Once per version of the call.
    """
    return _to_host(HOST_CALL_CANCELLED, call, host, now)


def host_entry(call: OnboardingCall, *, stamp: dt.datetime, off: bool = False) -> CalendarEntry:
    """Return the host's calendar entry of `call`; the lead appears only by initials.

    `off` means the call no longer belongs to this host.
    """
    return _entry(call, f"Onboarding call with {normalization.initials(call.lead.name)}", stamp, off)


def _entry(call: OnboardingCall, summary: str, stamp: dt.datetime, off: bool = False) -> CalendarEntry:
    cancelled = off or call.status == CallStatus.CANCELLED
    return CalendarEntry(call.uid, call.sequence, call.starts_at, call.ends_at, stamp, summary, cancelled=cancelled)


def _to_patient(
    kind: MessageKind,
    call: OnboardingCall,
    now: dt.datetime,
    *,
    invite: bool = True,
    resends: int = 0,
    **columns: Any,
) -> OutboxMessage | None:
    """Enqueue an email, and a text if they chose texts; None when neither can be sent."""
    lead = call.lead
    if invite and lead.email:
        columns |= _invitation(_entry(call, f"Free call with {current_offer().clinic_name}", now), lead.email)
    return _enqueue(kind, call, resends, now=now, context=_context(call, lead), **columns)


def _to_host(kind: MessageKind, call: OnboardingCall, host: Host, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue a message to the host, with initials as the only patient data."""
    to = host.user.email or current_offer().mailbox
    columns = _invitation(host_entry(call, stamp=now, off=kind is HOST_CALL_CANCELLED), to)
    context = {
        "initials": normalization.initials(call.lead.name),
        "when": time_zones.format_moment(call.starts_at, host.time_zone),
        "desk": settings.SITE_URL + reverse("admin:index"),
    }
    return _enqueue(kind, call, host.pk, now=now, context=context, to=to, **columns)


def _enqueue(kind: MessageKind, call: OnboardingCall, detail: int, **rest: Any) -> OutboxMessage | None:
    """Enqueue a message once per version of the call and `detail`."""
    occasion = f"{call.pk}.{call.sequence}.{detail}"
    return enqueue(kind, call.lead, occasion, call=call, call_sequence=call.sequence, **rest)


def _invitation(entry: CalendarEntry, to: str) -> dict[str, Any]:
    """Return the message columns that carry `entry` as an iCalendar attachment."""
    clinic = current_offer()
    text = render_invitation(entry, organizer=clinic.mailbox, organizer_name=clinic.clinic_name, attendee=to)
    return {"calendar": text, "calendar_method": CalendarMethod.CANCEL if entry.cancelled else CalendarMethod.REQUEST}
