"""Take in what people send us: store it once, thread it, and act on keywords."""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from clinic.lib import text_messages
from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.consents.actions import grant_consent, resume_texts_to, revoke_consent, stop_texts_to
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.policy import agrees_to
from signups.leads import contact_details
from signups.leads.choices import Channel
from signups.leads.locking import ActionError
from signups.leads.models import Lead

from . import texts
from .choices import InboundRequest, MessageChannel
from .inbound_models import InboundMessage
from .models import OutboxMessage

TEXT_LENGTH = 10_000  # characters that are kept of a message
_ERASE = re.compile(
    r"\b(erase|delete|remove|wipe)\b.{0,40}\b(me|my|all|everything|data|information|records?|account|personal)\b"
    r"|\bforget (about )?me\b|\bright to be forgotten\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Incoming:
    """A message as it came in; `reply_to` is ours that it answers, `lead` its known sender."""

    channel: MessageChannel
    external_id: str
    sender: str
    text: str
    subject: str = ""
    lead: Lead | None = None
    reply_to: OutboxMessage | None = None


def parse_request(text: str) -> str:
    """Return what `text` asks for (`InboundRequest`), or ""."""
    if _ERASE.search(text):
        return InboundRequest.ERASE
    if text_messages.asks_to_stop(text):
        return InboundRequest.STOP
    return {"start": InboundRequest.START, "help": InboundRequest.HELP}.get(text_messages.parse_keyword(text), "")


@transaction.atomic
def receive_text(*, external_id: str, number: str, body: str, carrier_answered: bool, now: dt.datetime) -> bool:
    """Store a text and act on its keyword at once. Idempotent by the provider's `external_id`.

    `carrier_answered`: the carrier has already confirmed STOP, START or HELP itself. Returns whether it asks for help
    and nobody has this number, so that only the answer to this request can give it.
    """
    leads = list(Lead.objects.live().filter(phone_e164=number).order_by("pk")) if number else []
    last = OutboxMessage.objects.filter(channel=MessageChannel.TEXT, to=number).order_by("-created_at").first()
    lead = next((lead for lead in leads if last and lead.pk == last.lead_id), leads[0] if len(leads) == 1 else None)
    message = store(
        Incoming(MessageChannel.TEXT, external_id, number, body, lead=lead, reply_to=last if lead else None), now=now
    )
    if message is None:
        return False
    if text_messages.asks_to_stop(body):
        _stop_texts(leads, confirm=not carrier_answered, now=now)
        stop_texts_to(number, now=now)
    if message.request == InboundRequest.START:
        resume_texts_to(number)
    match message.request:
        case InboundRequest.START if lead:
            _resume_texts(lead, confirm=not carrier_answered, now=now)
        case InboundRequest.HELP if lead and not carrier_answered:
            texts.answer_keyword(texts.TEXTS_HELP, lead, now=now)
    if text_messages.parse_keyword(body):  # a program has dealt with all of it
        InboundMessage.objects.filter(pk=message.pk).update(handled_at=now)
    return message.request == InboundRequest.HELP and not leads and not carrier_answered


def store(incoming: Incoming, *, now: dt.datetime) -> InboundMessage | None:
    """Store a message; None when it was stored before."""
    digest = hashlib.sha256(f"{incoming.channel}:{incoming.external_id}".encode()).hexdigest()
    try:
        with transaction.atomic():
            message = InboundMessage.objects.create(
                lead=incoming.lead,
                channel=incoming.channel,
                external_id=digest,
                sender=incoming.sender[:254],
                subject=incoming.subject[:200],
                text=incoming.text.replace("\x00", "")[:TEXT_LENGTH],
                in_reply_to=incoming.reply_to,
                request=parse_request(incoming.text),
                received_at=now,
            )
    except IntegrityError:
        return None
    if incoming.lead:
        record_event(incoming.lead, AuditAction.REPLIED, by=ActorKind.PATIENT, now=now, channel=incoming.channel)
    return message


def _stop_texts(leads: list[Lead], *, confirm: bool, now: dt.datetime) -> None:
    """Revoke consent to texts of everybody with the number, and confirm it once."""
    agreed = [lead for lead in leads if agrees_to(lead, ConsentPurpose.TEXTS)]
    for lead in agreed:
        revoke_consent(lead, ConsentPurpose.TEXTS, channel=ConsentChannel.TEXT, by=ActorKind.PATIENT, now=now)
    if agreed and confirm:
        texts.answer_keyword(texts.TEXTS_STOPPED, agreed[0], now=now)


def _resume_texts(lead: Lead, *, confirm: bool, now: dt.datetime) -> None:
    """Grant consent to texts again to who once gave it; START alone is no consent (47 CFR 64.1200(f)(9))."""
    once_agreed = lead.consents.filter(text__purpose=ConsentPurpose.TEXTS, granted=True).exists()
    if not once_agreed or agrees_to(lead, ConsentPurpose.TEXTS):
        return
    grant_consent(lead, ConsentPurpose.TEXTS, channel=ConsentChannel.TEXT, by=ActorKind.PATIENT, now=now)
    contact_details.update_contact_details(lead, by=ActorKind.PATIENT, now=now, preferred_channel=Channel.TEXT)
    if confirm:
        texts.answer_keyword(texts.TEXTS_STARTED, lead, now=now)


@transaction.atomic
def handle_message(message: InboundMessage, *, by: User, now: dt.datetime) -> None:
    """Mark a message as dealt with. Idempotent."""
    if InboundMessage.objects.unhandled().filter(pk=message.pk).update(handled_at=now, handled_by=by):
        record_event(message.lead, AuditAction.REPLY_HANDLED, by=by, now=now, target="" if message.lead else "reply")


@transaction.atomic
def assign_message(message: InboundMessage, lead: Lead, *, by: User, now: dt.datetime) -> None:
    """Put a message of an unknown sender on the timeline of `lead`.

    Raises ActionError when it belongs to somebody already.
    """
    if not InboundMessage.objects.filter(pk=message.pk, lead=None).update(lead=lead):
        raise ActionError("This message is on somebody’s page already.")
    record_event(lead, AuditAction.REPLIED, by=by, now=now, channel=message.channel)
