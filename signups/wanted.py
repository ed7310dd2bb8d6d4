"""Whether a message should still go out, asked at the moment of sending: much can happen after it was written."""

import datetime as dt
from collections.abc import Callable

from .models import Message
from .states import GONE, TO_STAFF, CallStatus, MessageKind


def _call_stands(message: Message, now: dt.datetime) -> bool:
    """The call stands as the message tells it, and has not begun."""
    call = message.call
    if call is None or now >= call.starts_at:
        return False
    return (call.status, call.sequence) == (CallStatus.BOOKED, message.call_sequence)


def _nobody_waits_for_a_call(message: Message, now: dt.datetime) -> bool:
    return not message.lead.callbacks.open().exists()


# One entry for each kind that can become untrue while it waits, called with the message and the time of sending.
CHECKS: dict[MessageKind, Callable[[Message, dt.datetime], bool]] = {
    MessageKind.UNREACHABLE: _nobody_waits_for_a_call,  # they asked again meanwhile
    MessageKind.CALL_BOOKED: _call_stands,
    MessageKind.CALL_MOVED: _call_stands,
    MessageKind.CALL_DAY_BEFORE: _call_stands,
    MessageKind.CALL_HOUR_BEFORE: _call_stands,
    MessageKind.HOST_CALL: _call_stands,
}


def still(message: Message, now: dt.datetime) -> bool:
    """False withdraws the message: its person is gone, or its own check says so."""
    if message.lead.status in GONE and message.kind not in TO_STAFF:
        return False
    check = CHECKS.get(MessageKind(message.kind))
    return check(message, now) if check else True
