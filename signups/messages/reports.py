"""Delivery reports: from mail providers, the provider of texts, and bounces in the clinic's mailbox.

Every report names our message by its random id, which only its recipient and the provider know. All functions are
idempotent, and work also for a report that arrives before the answer to the attempt itself.
"""

import datetime as dt
import re
import uuid
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from clinic.lib import normalization
from signups.audit.choices import ActorKind
from signups.consents.actions import unsubscribe
from signups.consents.choices import ConsentChannel
from signups.consents.problems import note_complaint, note_email_failure, note_texts_failure
from signups.leads.choices import TERMINAL_STATUSES

from . import kinds
from .choices import MessageChannel, MessageStatus
from .failures import is_dead_address_code
from .models import OutboxMessage


def record_delivered(message_id: uuid.UUID, *, at: dt.datetime) -> None:
    """Note that the message reached the mailbox or phone."""
    OutboxMessage.objects.filter(pk=message_id, delivered_at=None).update(delivered_at=at)


@transaction.atomic
def record_returned(message_id: uuid.UUID, *, code: str, dead_address: bool, now: dt.datetime) -> None:
    """Note that the message came back; `dead_address` says that nothing can reach the address."""
    returned = OutboxMessage.objects.filter(pk=message_id, returned_at=None)
    status = Case(When(status=MessageStatus.SENT, then=Value(MessageStatus.RETURNED)), default=F("status"))
    if returned.update(returned_at=now, last_error=code[:300], status=status) and dead_address:
        note_dead_address(OutboxMessage.objects.select_related("lead").get(pk=message_id), code=code, now=now)


def note_dead_address(message: OutboxMessage, *, code: str, now: dt.datetime) -> None:
    """Note that the address or number of `message` does not work, if it is still that of its lead."""
    if kinds.get(message.kind).to_staff:
        return
    if message.channel == MessageChannel.TEXT and message.to == message.lead.phone_e164:
        note_texts_failure(message.lead, now=now)
    elif message.channel == MessageChannel.EMAIL and _is_address_of(message):
        note_email_failure(message.lead, code=code, now=now)


@transaction.atomic
def record_complaint(message_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Note that the recipient marked the message as spam: unsubscribe them, and send nothing more to the address."""
    message = OutboxMessage.objects.select_related("lead").filter(pk=message_id).first()
    if message is None or kinds.get(message.kind).to_staff or message.lead.status in TERMINAL_STATUSES:
        return
    if _is_address_of(message):
        note_complaint(message.lead, now=now)
    unsubscribe(message.lead, channel=ConsentChannel.EMAIL, by=ActorKind.PATIENT, now=now)


@transaction.atomic
def record_unsubscribe(message_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Unsubscribe the recipient, who used the link of the mail provider."""
    message = OutboxMessage.objects.select_related("lead").filter(pk=message_id).first()
    if message and message.lead.status not in TERMINAL_STATUSES and not kinds.get(message.kind).to_staff:
        unsubscribe(message.lead, channel=ConsentChannel.EMAIL, by=ActorKind.PATIENT, now=now)


def handle_tracking_event(*, event: Any, **kwargs: Any) -> None:
    """Take in a report of the mail provider. Receiver of `anymail.signals.tracking`.

    Our id travels with the message as metadata; a report without it is about nothing of ours.
    """
    try:
        message_id = uuid.UUID(str((event.metadata or {}).get("message", "")))
    except ValueError:
        return
    now = timezone.now()
    match event.event_type:
        case "delivered":
            record_delivered(message_id, at=now)
        case "bounced" | "rejected" | "failed":
            code = re.search(r"\b[45]\.\d{1,3}\.\d{1,3}\b", f"{event.mta_response} {event.description}")
            dead = is_dead_address_code(code[0]) if code else event.reject_reason in ("bounced", "invalid")
            what = f"{event.event_type} {code[0] if code else ''}".strip()
            record_returned(message_id, code=what, dead_address=dead, now=now)
        case "complained":
            record_complaint(message_id, now=now)
        case "unsubscribed":
            record_unsubscribe(message_id, now=now)


def _is_address_of(message: OutboxMessage) -> bool:
    """Return whether the message went to the current address of its lead."""
    try:
        return normalization.email_key(message.to) == message.lead.email_key
    except ValueError:
        return False
