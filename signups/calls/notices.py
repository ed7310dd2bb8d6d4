"""What staff read about the message that an act of theirs writes, or does not write."""

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone

from clinic.lib import time_zones
from signups.hosts.models import Host
from signups.leads.open_work import OpenItem
from signups.messages.kinds import MessageKind
from signups.messages.notices import tell_them, ways_to_reach, why_unreached

from .actions import notice_time
from .models import OnboardingCall


def describe_notice(kind: MessageKind, done: str, call: OnboardingCall) -> str:
    """Return `done`, and how the person is notified by `kind` about this version of the call, or that they are not."""
    written = call.messages.filter(kind=kind.value, call_sequence=call.sequence, host=None)
    times = dict(written.values_list("channel", "send_at"))
    ways = [way for way in ways_to_reach(call.lead, kind) if way in times]
    if not ways:
        return f"{done} {call.lead} was not notified: {why_unreached(call.lead)}. Tell them yourself."
    first = min(times[way] for way in ways)
    later = first > timezone.now()
    at = f" at {time_zones.local_time(first, timezone.get_current_timezone_name())}" if later else ""
    undo = " You can undo this until then." if later else ""
    return f"{done} {call.lead} is notified by {' and '.join(ways)}{at}.{undo}"


def describe_ahead(kind: MessageKind, call: OnboardingCall, what: str, *, host: Host) -> str:
    """Return who would be sent `what` at once, and who would not, if the call became that of `host`."""
    hosts = f"{call.host}" if host == call.host else f"{call.host} and {host}"
    verb = "is" if host == call.host else "are"
    if ways := ways_to_reach(call.lead, kind):
        return f"{call.lead} is sent {what} by {' and '.join(ways)} at once. {hosts} {verb} notified too."
    return f"{hosts} {verb} notified of {what}. {tell_them(call.lead)}"


def immediate_notices(found: Iterable[OpenItem], now: dt.datetime) -> list[str]:
    """Return a sentence for each call that begins so soon that everybody is notified of its end at once."""
    return [
        f"Ending the {item} is told at once, because it begins so soon. That cannot be undone."
        for item in found
        if isinstance(item.row, OnboardingCall) and notice_time(item.row, now) <= now
    ]
