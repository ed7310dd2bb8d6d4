"""Texts that answer a keyword, and those written by staff."""

import datetime as dt

from signups.consents.contact_policy import wants_texts
from signups.leads.models import Lead

from .choices import MessageChannel
from .kinds import MessageKind, register
from .models import OutboxMessage
from .outbox import enqueue_text, under_hourly_limit, unique_occasion

TEXT = (MessageChannel.TEXT,)
TEXTS_STOPPED = register(MessageKind("texts_stopped", "you get no more texts", channels=TEXT, answers_keyword=True))
TEXTS_STARTED = register(MessageKind("texts_started", "you get texts", channels=TEXT, answers_keyword=True))
TEXTS_HELP = register(MessageKind("texts_help", "help with texts", channels=TEXT, answers_keyword=True))
TEXTS_CHOSEN = register(MessageKind("texts_chosen", "you chose texts", channels=TEXT))
MANUAL_TEXT = register(MessageKind("manual_text", "a text from the desk", channels=TEXT))


def answer_keyword(kind: MessageKind, lead: Lead, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the answer to a keyword; None above the hourly limit, so that two machines end their conversation."""
    if not under_hourly_limit(lead, kind, now=now):
        return None
    return enqueue_text(kind, lead, unique_occasion(), now=now, context={})


def texts_chosen(lead: Lead, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the confirmation that `lead` gets texts from now on (CTIA Messaging Principles §5.1.2).

    Once in an hour; None for somebody who did not choose texts or may not be sent any.
    """
    if not wants_texts(lead) or not under_hourly_limit(lead, TEXTS_CHOSEN, now=now):
        return None
    return enqueue_text(TEXTS_CHOSEN, lead, unique_occasion(), now=now, context={})


def manual_text(lead: Lead, words: str, *, now: dt.datetime) -> OutboxMessage:
    """Enqueue a text that staff wrote. Not idempotent."""
    return enqueue_text(MANUAL_TEXT, lead, unique_occasion(), now=now, context={"words": words})
