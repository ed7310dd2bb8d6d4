"""Booked calls in the CalDAV calendars of their hosts, in both directions.

What the host does to a call there never changes it here: staff get an alert.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction

from signups.audit.choices import ActorKind
from signups.calendars import caldav_client
from signups.calendars.actions import (
    Reading,
    disconnect_calendar,
    lease_due,
    read_calendar,
    store_failure,
    store_reading,
)
from signups.calendars.busy_times import UnreadableCalendar
from signups.calendars.choices import CalendarKind
from signups.calendars.models import CalendarConnection, CalendarCopy
from signups.scheduling.icalendar_invites import render_copy

from .alerts import raise_alert
from .choices import AlertKind, CallStatus
from .emails import host_entry
from .models import OnboardingCall


def check_next_calendar(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: read one connected calendar and bring its calls up to date; return 1, or 0 when none is due.

    The calendar of somebody who left is disconnected: it holds none of our calls, and we none of their credentials.
    """
    connection = lease_due(clock)
    if connection is None:
        return 0
    if not connection.host.user.is_active:
        remove_calendar(connection, by=ActorKind.SYSTEM, now=clock())
        return 1
    try:
        reading = read_calendar(connection, clock())
        with transaction.atomic():
            if not CalendarConnection.objects.select_for_update().filter(pk=connection.pk).exists():
                return 1  # disconnected meanwhile
            store_reading(connection, reading, clock())
            if reading and connection.kind == CalendarKind.CALDAV:
                _note_changes(connection, reading, clock())
        if connection.kind == CalendarKind.CALDAV:
            write_calls(connection, clock())
    except UnreadableCalendar as error:
        store_failure(connection, error, clock())
    return 1


def write_calls(connection: CalendarConnection, now: dt.datetime) -> None:
    """Write the host's upcoming calls to the calendar, and delete those that are off. Raises as reading does."""
    account = (connection.url, connection.username, connection.password)
    upcoming = {call.pk: call for call in connection.host.calls.upcoming(now).select_related("lead")}
    copies = {copy.call_id: copy for copy in connection.copies.select_related("call")}
    for call in upcoming.values():
        copy = copies.get(call.pk)
        if copy is None or copy.sequence < call.sequence or (copy.is_outdated and not copy.missing_at):
            caldav_client.put_event(*account, str(call.public_id), render_copy(host_entry(call, stamp=call.changed_at)))
            written = {"sequence": call.sequence, "missing_at": None, "is_outdated": False}
            CalendarCopy.objects.update_or_create(calendar=connection, call=call, defaults=written)
    for copy in copies.values():
        if copy.call_id not in upcoming and _is_off(copy.call, connection):
            caldav_client.delete_event(*account, str(copy.call.public_id))
            copy.delete()


def remove_calendar(connection: CalendarConnection, **actor: Any) -> None:
    """Disconnect the calendar; take our calls out of it first, as far as it still lets us."""
    account = (connection.url, connection.username, connection.password)
    try:
        for copy in connection.copies.filter(call__starts_at__gt=actor["now"]).select_related("call"):
            caldav_client.delete_event(*account, str(copy.call.public_id))
    except UnreadableCalendar:
        pass  # what cannot be taken out stays there
    disconnect_calendar(connection, **actor)


def _is_off(call: OnboardingCall, connection: CalendarConnection) -> bool:
    """Return whether the call was cancelled or given to somebody else; a past one stays in the calendar."""
    return call.status == CallStatus.CANCELLED or call.host_id != connection.host_id


def _note_changes(connection: CalendarConnection, reading: Reading, now: dt.datetime) -> None:
    """Open alerts for calls that the host deleted, declined or moved in the calendar."""
    copies = connection.copies.filter(missing_at=None, call__host=connection.host).select_related("call")
    for copy in copies.filter(call__in=OnboardingCall.objects.upcoming(now)):
        call = copy.call
        if copy.sequence != call.sequence:
            continue  # it is written again in a moment
        found = reading.own.get(call.uid)
        if found is None:
            CalendarCopy.objects.filter(pk=copy.pk).update(missing_at=now)
            raise_alert(call, AlertKind.HOST_DELETED, now=now)
        elif _is_declined(found["event"]):
            _alert_once(call, AlertKind.HOST_DECLINED, now)
        elif (start := _start(found["start"])) and start != call.starts_at:
            _alert_once(call, AlertKind.HOST_MOVED, now, proposed_start=start)


def _alert_once(call: OnboardingCall, kind: AlertKind, now: dt.datetime, **facts: Any) -> None:
    """Open the alert unless staff dealt with it already in this version of the call."""
    if not call.alerts.filter(kind=kind, sequence=call.sequence, **facts).exists():
        raise_alert(call, kind, now=now, **facts)


def _is_declined(event: Any) -> bool:
    found = event.get("ATTENDEE", [])
    answers = [str(one.params.get("PARTSTAT", "")) for one in (found if isinstance(found, list) else [found])]
    return "DECLINED" in answers or str(event.get("STATUS", "")).upper() == "CANCELLED"


def _start(value: Any) -> dt.datetime | None:
    moment = getattr(value, "dt", None)
    return moment.astimezone(dt.UTC) if isinstance(moment, dt.datetime) and moment.tzinfo else None
