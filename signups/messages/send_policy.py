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
from signups.leads.models import Lead

from . import kinds
from .choices import MessageChannel
from .kinds import MessageKind
from .models import OutboxMessage


def why_not_send(message: OutboxMessage, now: dt.datetime) -> str:
    """Return why the message is canceled, for staff, or "" to send it.

    Its lead is merged, erased or opted out, its address does not work, or the kind's own check fails.
    """
    lead, kind = message.lead, kinds.get(message.kind)
    if lead.status in TERMINAL_STATUSES and not kind.survives_erasure:
        return "they are gone"
    if kind.still_relevant and not kind.still_relevant(message, now):
        return "no longer true"
    if kind.to_staff or kind.survives_erasure:
        return ""
    if message.channel == MessageChannel.TEXT:
        return _why_no_text(message, kind)
    return why_no_email(lead, kind)


def why_no_email(lead: Lead, kind: MessageKind) -> str:
    """Return why an email of `kind` is not sent to the address of `lead`, or ""."""
    if kind.unsolicited and not (permitted := may_deliver_unsolicited(lead)).allowed:
        return permitted.reason
    if lead.email_bounced_at and not kind.asked_again:
        return "this address does not work"
    return ""


def _why_no_text(message: OutboxMessage, kind: MessageKind) -> str:
    lead = message.lead
    if message.to != lead.phone_e164:
        return "their number has changed"
    return "" if kind.answers_keyword else permits_texts(lead).reason


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
        zones = message.lead.contact_zones()
        return earliest if kind.answers_keyword else contact_hours.CALLING_HOURS.next(earliest, *zones)
    return contact_hours.EMAIL_HOURS.next(earliest, message.lead.time_zone) if kind.quiet_hours else earliest
