"""The link to a lead's private page."""

import datetime as dt

from signups.messages.kinds import MessageKind, register
from signups.messages.models import OutboxMessage
from signups.messages.outbox import enqueue, portal_link_context, unique_occasion
from signups.models import Lead

MY_LINK = register(MessageKind("my_link", "the link to your page"))


def my_link(lead: Lead, *, now: dt.datetime) -> OutboxMessage:
    """Send the link each time it is asked for. Only to an address that was confirmed."""
    return enqueue(MY_LINK, lead, unique_occasion(), now=now, context=portal_link_context(lead))
