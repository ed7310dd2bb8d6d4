"""E-mails about a callback request."""

import datetime as dt

from django.conf import settings
from django.urls import reverse

from signups.messages.choices import MessageChannel
from signups.messages.kinds import MessageKind, register
from signups.messages.models import OutboxMessage
from signups.messages.outbox import enqueue

from .models import CallbackRequest


def _did_not_ask_again(message: OutboxMessage, now: dt.datetime) -> bool:
    return not message.lead.callbacks.open().exists()


CALLBACK_UNREACHABLE = register(
    MessageKind(
        "callback_unreachable",
        "we could not reach you",
        channels=(MessageChannel.EMAIL, MessageChannel.TEXT),
        still_relevant=_did_not_ask_again,
    )
)


def callback_unreachable(request: CallbackRequest, *, now: dt.datetime, send_at: dt.datetime) -> OutboxMessage | None:
    """Enqueue the notice that nobody could be reached and no further call follows.

    Once per attempt that ends the request; None when they can be sent neither an email nor a text.
    """
    context = {"link": settings.SITE_URL + reverse("callback")}
    occasion = f"{request.pk}.{request.attempts.count()}"
    return enqueue(CALLBACK_UNREACHABLE, request.lead, occasion, now=now, context=context, send_at=send_at)
