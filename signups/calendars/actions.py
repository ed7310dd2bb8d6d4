"""Connect, read and disconnect the calendars of hosts."""

import datetime as dt
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from django.db import transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.hosts.models import Host
from signups.offer import current_offer
from signups.scheduling.intervals import Interval

from . import caldav_client
from .busy_times import UnreadableCalendar, busy_times, parse_calendar
from .choices import CalendarKind
from .http import request_calendar
from .models import BusyTime, CalendarConnection

CHECK_EVERY = dt.timedelta(seconds=40)  # with the worker's pace, busy times are at most a minute old
RETRY_EVERY = dt.timedelta(minutes=2)
CHECK_LEASE = dt.timedelta(minutes=3)  # longer than a check can take


@dataclass(frozen=True)
class Reading:
    """What was read of a calendar: when the host is busy, and by UID the events that are our own calls."""

    busy: list[Interval]
    until: dt.datetime
    zone: str
    etag: str = ""
    own: dict[str, dict[str, object]] = field(default_factory=dict)


def connect_calendar(
    host: Host, *, kind: CalendarKind, url: str, username: str = "", password: str = "", by: Actor, now: dt.datetime
) -> CalendarConnection:
    """Read the calendar once and, when that works, connect it; its busy times block from now on.

    Raises UnreadableCalendar, with a sentence for the user.
    """
    connection = CalendarConnection(
        host=host, kind=kind, url=url, username=username, password=password, created_at=now, next_check_at=now
    )
    reading = read_calendar(connection, now)
    with transaction.atomic():
        connection.save()
        store_reading(connection, reading, now)
        record_event(None, AuditAction.CALENDAR_CONNECTED, by=by, now=now, target=f"host:{host.pk}", kind=kind.value)
    return connection


@transaction.atomic
def disconnect_calendar(connection: CalendarConnection, *, by: Actor, now: dt.datetime) -> None:
    """Delete the connection with its credentials and busy times."""
    target = f"host:{connection.host_id}"
    record_event(None, AuditAction.CALENDAR_DISCONNECTED, by=by, now=now, target=target, kind=connection.kind)
    connection.delete()


def lease_due(clock: Callable[[], dt.datetime]) -> CalendarConnection | None:
    """Return the connection to check next, and keep other workers from it for the length of a check."""
    now = clock()
    for connection in CalendarConnection.objects.due(now).select_related("host__user")[:10]:
        unchanged = CalendarConnection.objects.filter(pk=connection.pk, next_check_at=connection.next_check_at)
        if unchanged.update(next_check_at=now + CHECK_LEASE):
            return connection
    return None


def read_calendar(connection: CalendarConnection, now: dt.datetime) -> Reading | None:
    """Read the calendar over the network; return None when it is as it was stored. Raises UnreadableCalendar."""
    now = now.replace(microsecond=0)  # (busy times are stored in whole seconds)
    horizon = now + dt.timedelta(days=current_offer().calls.horizon_days + 2)  # dates of every zone included
    begin, end, etag = now - dt.timedelta(days=1), horizon + dt.timedelta(days=1), ""
    if connection.kind == CalendarKind.CALDAV:
        account = (connection.url, connection.username, connection.password)
        calendars = caldav_client.read_events(*account, begin, end)
    else:
        condition = _condition(connection, horizon)
        response = request_calendar("GET", connection.url, headers={"Accept": "text/calendar", **condition})
        if response.status == HTTPStatus.NOT_MODIFIED and condition:
            return None
        etag = _usable_etag(response.headers.get("ETag", ""))
        if response.status != 200:
            raise UnreadableCalendar(f"The server answered with status {response.status}.")
        calendars = [parse_calendar(response.body.decode("utf-8", "replace"))]
    uids = set(connection.host.calls.values_list("uid", flat=True))
    own = {
        str(event["UID"]): {"start": event.get("DTSTART"), "event": event}
        for calendar in calendars
        for event in calendar.walk("VEVENT")
        if str(event.get("UID", "")) in uids
    }
    zone = connection.host.time_zone
    return Reading(busy_times(calendars, begin, end, zone=zone, ignored=uids), end, zone, etag, own)


def _condition(connection: CalendarConnection, horizon: dt.datetime) -> dict[str, str]:
    """Return the header that lets the server answer 304, unless the stored times lack a day or have an old zone."""
    reaches = connection.read_until is not None and connection.read_until >= horizon
    is_current = reaches and connection.read_zone == connection.host.time_zone
    return {"If-None-Match": connection.etag} if connection.etag and is_current else {}


def _usable_etag(etag: str) -> str:
    """Return an entity tag that can be sent back (RFC 9110 §8.8.3), else ""."""
    return etag if re.fullmatch(r'(W/)?"[!#-~]{0,190}"', etag) else ""


@transaction.atomic
def store_reading(connection: CalendarConnection, reading: Reading | None, now: dt.datetime) -> None:
    """Replace the stored busy times, unless they are still so."""
    if reading:
        _replace_busy_times(connection, reading)
    CalendarConnection.objects.filter(pk=connection.pk).update(
        checked_at=now, next_check_at=now + CHECK_EVERY, failing_since=None, failure=""
    )


def _replace_busy_times(connection: CalendarConnection, reading: Reading) -> None:
    connection.busy_times.all().delete()
    BusyTime.objects.bulk_create(
        BusyTime(calendar=connection, starts_at=start, ends_at=end)  # type: ignore[misc]  # (EpochField takes moments)
        for start, end in reading.busy
    )
    read = {"etag": reading.etag, "read_until": reading.until, "read_zone": reading.zone}
    CalendarConnection.objects.filter(pk=connection.pk).update(**read)


def store_failure(connection: CalendarConnection, error: Exception, now: dt.datetime) -> None:
    """Note since when the calendar cannot be read; the last busy times stay."""
    rows = CalendarConnection.objects.filter(pk=connection.pk)
    rows.filter(failing_since=None).update(failing_since=now, failure="…")
    spread = RETRY_EVERY * random.uniform(0.8, 1.2)  # noqa: S311  (spreads load, hides nothing)
    rows.update(failure=str(error)[:120], next_check_at=now + spread)
