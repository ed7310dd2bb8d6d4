"""Choices of the outbox and its templates."""

from django.db.models import TextChoices


class MessageStatus(TextChoices):
    PENDING = "pending", "waiting"
    SENT = "sent", "sent"
    FAILED = "failed", "given up"
    CANCELLED = "cancelled", "no longer wanted"


class CalendarMethod(TextChoices):
    """What the calendar part of a message asks of the reader's calendar (RFC 5546 §3.2)."""

    REQUEST = "REQUEST", "request"
    CANCEL = "CANCEL", "cancel"


class EmailPurpose(TextChoices):
    """What a manual e-mail is about, which decides who may get it (`send_policy.why_not_allowed`)."""

    TRANSACTIONAL = "transactional", "Their own request or trial"
    MARKETING = "marketing", "News"
