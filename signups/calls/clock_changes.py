"""Booked calls whose wall-clock time has changed, because a newer tzdata knows of a change of law.

The instant of a call never moves by itself: staff get an alert, and ask which hour is meant.
"""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from .alerts import raise_alert
from .choices import AlertKind
from .models import CallAlert, OnboardingCall

OFFSET_FIELDS = ("lead_zone", "lead_offset", "host_zone", "host_offset")


def note_offsets(call: OnboardingCall) -> None:
    """Set what the clocks of both say at the start of `call`, without saving."""
    call.lead_zone, call.host_zone = call.lead.time_zone, call.host.time_zone
    call.lead_offset = _offset(call.starts_at, call.lead_zone)
    call.host_offset = _offset(call.starts_at, call.host_zone)


def list_changed_calls(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: open an alert for each upcoming call that is at another hour than agreed; return how many."""
    now, found = clock(), 0
    listed = CallAlert.objects.filter(kind=AlertKind.CLOCK_CHANGED).values("call")
    for call in OnboardingCall.objects.upcoming(now).exclude(pk__in=listed).iterator():
        agreed = (call.lead_offset, call.host_offset)
        if agreed != (_offset(call.starts_at, call.lead_zone), _offset(call.starts_at, call.host_zone)):
            raise_alert(call, AlertKind.CLOCK_CHANGED, now=now)
            found += 1
    return found


def _offset(moment: dt.datetime, zone: str) -> int:
    return (moment.astimezone(ZoneInfo(zone)).utcoffset() or dt.timedelta()) // dt.timedelta(minutes=1)
