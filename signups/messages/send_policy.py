"""Send policy, evaluated just before delivery: cancel what is no longer true or allowed, hold the rest until daytime.

A merged or erased lead gets nothing but the receipt of the erasure. Who unsubscribed, or was erased before and is back
without having confirmed, gets only answers to what they do themselves. Manual e-mails are checked when they are written
too (`why_not_allowed`).
"""

import datetime as dt

from clinic.lib import contact_hours
from signups.consents.choices import ConsentPurpose
from signups.consents.policy import agrees_to
from signups.consents.suppression_models import Suppression
from signups.leads.choices import TERMINAL_STATUSES, LeadStatus
from signups.leads.models import Lead

from . import kinds
from .choices import EmailPurpose
from .models import OutboxMessage


def why_not_allowed(lead: Lead, purpose: EmailPurpose) -> str:
    """Return why staff may not write to `lead` for `purpose`, as a sentence; "" when they may.

    Only to an address that is known to be theirs, and marketing only to those who agreed to it.
    """
    if lead.status in TERMINAL_STATUSES:
        return f"This lead was {LeadStatus(lead.status).label}."
    if not lead.email:
        return "They gave no e-mail address."
    if lead.unsubscribed_at:
        return "They stopped our e-mail."
    if not lead.has_confirmed():
        return "They have not confirmed their e-mail address, so it may be somebody else’s."
    if Suppression.objects.of(lead.email).exists():
        return "Whoever has this address had their data erased and wants no e-mail."
    if purpose == EmailPurpose.MARKETING and not agrees_to(lead, ConsentPurpose.NEWS):
        return "They have not agreed to news by e-mail, or took it back."
    return ""


def should_still_send(message: OutboxMessage, now: dt.datetime) -> bool:
    """False cancels the message: its lead is gone or opted out, or its kind's own check says so."""
    lead, kind = message.lead, kinds.get(message.kind)
    if lead.status in TERMINAL_STATUSES and not kind.survives_erasure:
        return False
    if kind.unsolicited and (lead.unsubscribed_at or Suppression.objects.of(lead.email).exists()):
        return False
    return kind.still_relevant is None or kind.still_relevant(message, now)


def earliest_send_time(message: OutboxMessage, now: dt.datetime) -> dt.datetime:
    """Return the first allowed moment from `now` on: `now` itself, or the next daytime for a kind with quiet hours."""
    kind = kinds.get(message.kind)
    if message.lead.status in TERMINAL_STATUSES:
        return now
    held_until = kind.hold_until(message) if kind.hold_until else None
    earliest = max(now, held_until) if held_until else now
    return contact_hours.EMAIL_HOURS.next(earliest, message.lead.time_zone) if kind.quiet_hours else earliest
