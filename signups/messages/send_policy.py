"""Send policy, evaluated just before delivery.

Messages that are no longer true or no longer allowed are cancelled; the rest is delayed to the daytime. A merged or
erased lead receives only the receipt of the erasure. A lead that unsubscribed, or has a suppressed address and has not
confirmed it, receives only answers to its own actions. Whom staff may write to, also at the moment of sending, is
decided by `consents/contact_policy.py`.
"""

import datetime as dt

from clinic.lib import contact_hours
from signups.consents.contact_policy import may_deliver_unsolicited, permits_texts
from signups.leads.choices import TERMINAL_STATUSES

from . import kinds
from .choices import MessageChannel
from .models import OutboxMessage


def should_still_send(message: OutboxMessage, now: dt.datetime) -> bool:
    """Return False to cancel the message.

    Its lead is merged, erased or opted out, or the kind's own check fails.
    """
    lead, kind = message.lead, kinds.get(message.kind)
    if lead.status in TERMINAL_STATUSES and not kind.survives_erasure:
        return False
    if message.channel == MessageChannel.TEXT:
        if message.to != lead.phone_e164 or not (kind.answers_keyword or permits_texts(lead).allowed):
            return False
    elif kind.unsolicited and not may_deliver_unsolicited(lead).allowed:
        return False
    return kind.still_relevant is None or kind.still_relevant(message, now)


def earliest_send_time(message: OutboxMessage, now: dt.datetime) -> dt.datetime:
    """Return the earliest allowed moment from `now` on.

    That is `now` itself, the moment of the kind's `hold_until`, or the next daytime for a kind with quiet hours. A text
    always waits for the hours in which they may be called, unless it answers a keyword.
    """
    kind = kinds.get(message.kind)
    if message.lead.status in TERMINAL_STATUSES:
        return now
    not_before = kind.hold_until(message) if kind.hold_until else None
    earliest = max(now, not_before) if not_before else now
    if message.channel == MessageChannel.TEXT:
        zone = message.lead.time_zone
        return earliest if kind.answers_keyword else contact_hours.CALLING_HOURS.next(earliest, zone)
    return contact_hours.EMAIL_HOURS.next(earliest, message.lead.time_zone) if kind.quiet_hours else earliest
