"""Replies of calendar programs to our invitations (iTIP, RFC 5546 §3.2.3 and §3.2.7).

Anybody can write such a mail, so a reply never changes a call: it is noted on the call, and staff get an alert.
"""

import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db import transaction

from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction

from .alerts import raise_alert
from .choices import AlertKind, CalendarAnswer
from .models import OnboardingCall

if TYPE_CHECKING:
    from icalendar import Component

MAX_REPLY_LENGTH = 100_000  # characters
ALERTS = {CalendarAnswer.DECLINED: AlertKind.DECLINED, CalendarAnswer.TENTATIVE: AlertKind.TENTATIVE}


def handle_calendar_reply(*, text: str, now: dt.datetime, **kwargs: Any) -> bool:
    """Note a text/calendar part that came in; return whether it is about one of our calls as it stands.

    Receiver of `calendar_reply_received`. Ignores what cannot be parsed, other methods, unknown calls, replies to an
    earlier version, and attendees who are neither the patient nor the host.
    """
    from icalendar import Calendar

    if len(text) > MAX_REPLY_LENGTH:
        return False
    try:
        calendar = Calendar.from_ical(text)
        method, events = str(calendar.get("METHOD", "")).upper(), calendar.walk("VEVENT")
    except (ValueError, AttributeError, IndexError, KeyError):
        return False
    if method not in ("REPLY", "COUNTER"):
        return False
    noted = [_note(event, is_counter=method == "COUNTER", now=now) for event in events]
    return any(noted)


@transaction.atomic
def _note(event: "Component", *, is_counter: bool, now: dt.datetime) -> bool:
    uid = str(event.get("UID", ""))
    call = OnboardingCall.objects.upcoming(now).select_related("lead", "host__user").filter(uid=uid).first()
    if call is None or _sequence(event) < call.sequence:
        return False
    address, answer = _attendee(event)
    if address == call.lead.email_key.lower() and call.lead.email_key:
        _note_lead(call, event, answer, is_counter=is_counter, now=now)
        return True
    if address and address == call.host.user.email.lower() and answer == CalendarAnswer.DECLINED:
        raise_alert(call, AlertKind.HOST_DECLINED, now=now)
        return True
    return False


def _note_lead(
    call: OnboardingCall, event: "Component", answer: CalendarAnswer | None, *, is_counter: bool, now: dt.datetime
) -> None:
    """Store the answer; the latest one settles the alerts of earlier ones."""
    if is_counter:
        start = event.decoded("DTSTART", None)
        proposed = start if isinstance(start, dt.datetime) and start.tzinfo else None
        raise_alert(call, AlertKind.COUNTER, now=now, proposed_start=proposed)
        return
    if answer is None:
        return
    call.alerts.filter(kind__in=ALERTS.values(), settled_at=None).update(settled_at=now)
    OnboardingCall.objects.filter(pk=call.pk).update(answer=answer)
    record_event(call.lead, AuditAction.CALL_ANSWERED, by=ActorKind.PATIENT, now=now, answer=answer.value)
    if answer in ALERTS:
        raise_alert(call, ALERTS[answer], now=now)


def _attendee(event: "Component") -> tuple[str, CalendarAnswer | None]:
    """Return the address and the answer of the only attendee of a reply (RFC 5546 §3.2.3)."""
    found = event.get("ATTENDEE")
    attendee = found[0] if isinstance(found, list) else found
    if attendee is None:
        return "", None
    answer = str(getattr(attendee, "params", {}).get("PARTSTAT", "")).lower()
    address = str(attendee).lower().removeprefix("mailto:")
    return address, CalendarAnswer(answer) if answer in CalendarAnswer.values else None


def _sequence(event: "Component") -> int:
    with suppress(TypeError, ValueError):
        return int(event.get("SEQUENCE", 0))
    return 0
