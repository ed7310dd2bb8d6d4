"""Whether and when a message should still go out, asked at the moment of sending: much can happen after it was written.

Somebody erased or merged is written to no more; the receipt of an erasure alone still goes out. Who stopped our mail,
or was erased before and is back without having confirmed, gets only answers to what they do themselves; what staff
write of their own accord asks the same question when it is written (`refusal`).
"""

import datetime as dt
from collections.abc import Callable
from functools import partial

from . import daytime, emails
from .models import Lead, Message, Suppression, Trial
from .states import (
    BY_DAY,
    FROM_DESK,
    GONE,
    TO_STAFF,
    UNASKED,
    CallStatus,
    LeadStatus,
    MailPurpose,
    MessageKind,
    Purpose,
)


def refusal(lead: Lead, purpose: MailPurpose) -> str:
    """Why staff may not write to `lead` for `purpose`, as a sentence; nothing when they may.

    Only to an address that is known to be theirs, and news only to those who agreed to it.
    """
    if lead.status in GONE:
        return f"This lead was {LeadStatus(lead.status).label}."
    if not lead.email:
        return "They gave no e-mail address."
    if lead.mail_stopped_at:
        return "They stopped our e-mail."
    if not lead.has_confirmed():
        return "They have not confirmed their e-mail address, so it may be somebody else’s."
    if Suppression.objects.of(lead.email).exists():
        return "Whoever has this address had their data erased and wants no e-mail."
    if purpose == MailPurpose.NEWS and not lead.agrees_to(Purpose.NEWS):
        return "They have not agreed to news by e-mail, or took it back."
    return ""


def _may_be_written_to(purpose: MailPurpose, message: Message, now: dt.datetime) -> bool:
    """At the address that it was written for."""
    return message.to == message.lead.email and not refusal(message.lead, purpose)


def _ends_soon(message: Message, now: dt.datetime) -> bool:
    return Trial.objects.running(now).filter(pk=emails.trial_of(message).pk).exists()


def _has_ended(message: Message, now: dt.datetime) -> bool:
    return emails.trial_of(message).state(now) == "ended"


def _is_cancelled(message: Message, now: dt.datetime) -> bool:
    """Not taken back meanwhile."""
    return message.lead.current_trial() is None


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
    MessageKind.TRIAL_ENDING: _ends_soon,
    MessageKind.TRIAL_ENDED: _has_ended,
    MessageKind.TRIAL_CANCELLED: _is_cancelled,
    **{kind: partial(_may_be_written_to, purpose) for purpose, kind in FROM_DESK.items()},
}


def still(message: Message, now: dt.datetime) -> bool:
    """False withdraws the message: its person is gone or does not want it, or its own check says so."""
    lead = message.lead
    if lead.status in GONE and message.kind not in (MessageKind.ERASED, *TO_STAFF):
        return False
    if message.kind in UNASKED and (lead.mail_stopped_at or Suppression.objects.of(lead.email).exists()):
        return False
    check = CHECKS.get(MessageKind(message.kind))
    return check(message, now) if check else True


def not_before(message: Message, now: dt.datetime) -> dt.datetime:
    """The earliest decent moment for it from `now` on: `now` itself for an answer, daytime where they are for the rest.

    While a cancelled trial can still be taken up again, what was written for it waits.
    """
    if message.kind not in BY_DAY or message.lead.status in GONE:
        return now
    if message.kind in (MessageKind.TRIAL_ENDING, MessageKind.TRIAL_ENDED):
        undo_until = emails.trial_of(message).undo_until
        now = max(now, undo_until) if undo_until else now
    return daytime.MAIL.next(now, message.lead.time_zone)
