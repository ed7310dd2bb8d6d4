"""The receipt of an erasure."""

import datetime as dt

from signups.leads.models import Lead
from signups.messages.kinds import MessageKind, register
from signups.messages.models import OutboxMessage
from signups.messages.outbox import enqueue

ERASURE_RECEIPT = register(MessageKind("erasure_receipt", "your data is erased", survives_erasure=True))


def erasure_receipt(lead: Lead, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the receipt, to the address that `lead` still holds in memory.

    Once per lead.
    """
    return enqueue(ERASURE_RECEIPT, lead, 1, now=now, context={"at": now, "stop": ""})
