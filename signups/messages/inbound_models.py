"""What comes in: texts and replies by email."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.lib.encryption import EncryptedTextField
from signups.leads.models import Lead

from .choices import InboundRequest, MessageChannel
from .models import OutboxMessage


class InboundMessageQuerySet(models.QuerySet["InboundMessage"]):
    def unhandled(self) -> Self:
        """Messages that staff have not dealt with, oldest first."""
        return self.filter(handled_at=None).order_by("received_at", "id")


class InboundMessage(models.Model):
    """A text or email that somebody sent to the clinic; of an unknown sender until staff assign a lead."""

    PII_FIELDS: ClassVar[dict[str, Any]] = {"sender": "", "subject": "", "text": ""}

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, null=True, related_name="inbound_messages")
    channel = models.CharField(max_length=10, choices=MessageChannel)
    # The SHA-256 of the Message-ID or of the provider's id: the same message is stored once.
    external_id = models.CharField(max_length=64, unique=True, editable=False)
    sender = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True)
    text = EncryptedTextField()
    in_reply_to = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, null=True, related_name="replies")
    request = models.CharField(max_length=10, choices=InboundRequest, blank=True)
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = InboundMessageQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        permissions = [("work_inboundmessage", "Can read and handle replies")]
        indexes = [
            models.Index(fields=["received_at", "id"], condition=Q(handled_at=None), name="signups_inbound_unhandled")
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} of {self.lead or 'an unknown sender'}"
