"""Choices of the outbox and its templates."""

from django.db.models import TextChoices


class MessageChannel(TextChoices):
    EMAIL = "email", "email"
    TEXT = "text", "text"


class MessageStatus(TextChoices):
    PENDING = "pending", "Scheduled"
    SENT = "sent", "Sent"
    RETURNED = "returned", "Returned"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Not sent"


ACCEPTED_STATUSES = (MessageStatus.SENT, MessageStatus.RETURNED)  # the mail server or provider took the message


class CalendarMethod(TextChoices):
    """The iTIP method of a message's calendar part (RFC 5546 §3.2)."""

    REQUEST = "REQUEST", "request"
    CANCEL = "CANCEL", "cancel"


class EmailPurpose(TextChoices):
    """Purpose of a manual e-mail; decides the recipients (`contact_policy.may_email`)."""

    TRANSACTIONAL = "transactional", "Their request or trial"
    MARKETING = "marketing", "Newsletter"


class InboundRequest(TextChoices):
    """What a reply asks for, as far as a program can tell."""

    STOP = "stop", "wants no more messages"
    START = "start", "wants texts again"
    HELP = "help", "asked for help"
    ERASE = "erase", "wants their data deleted"
