"""The outbox: what must be sent is a row, written with the deed it tells of; `manage.py run_worker` sends it later."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q

from signups.states import CalendarMethod, MessageStatus, message_kinds

from .calls import OnboardingCall
from .leads import Lead


class MessageQuerySet(models.QuerySet["Message"]):
    def pending(self) -> Self:
        return self.filter(status=MessageStatus.PENDING)

    def due(self, now: dt.datetime) -> Self:
        """Waiting, its time come, and in no living worker's hands; longest waiting first."""
        free = Q(leased_until=None) | Q(leased_until__lte=now)
        return self.pending().filter(free, send_at__lte=now).order_by("send_at", "created_at")


class Message(models.Model):
    """One e-mail, rendered when it was written (one of AHEAD again when it is sent). Its id makes its `Message-ID`."""

    PERSONAL: ClassVar[dict[str, Any]] = {"to": "", "text": "", "html": "", "calendar": "", "last_error": ""}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=20, choices=message_kinds)
    dedupe_key = models.CharField(max_length=100, unique=True, help_text="Of the deed: the same deed is told once.")
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    # An invitation (RFC 5545), what it asks for, and which state of which call it tells of.
    calendar = models.TextField(blank=True)
    calendar_method = models.CharField(max_length=10, choices=CalendarMethod, blank=True)
    call = models.ForeignKey(OnboardingCall, on_delete=models.PROTECT, null=True, related_name="messages")
    call_sequence = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=10, choices=MessageStatus, default=MessageStatus.PENDING)
    created_at = models.DateTimeField()
    send_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    losses = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Leases that ended without an outcome."
    )
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["send_at"], condition=Q(status=MessageStatus.PENDING), name="signups_message_due"),
            models.Index(fields=["status"], condition=Q(status=MessageStatus.DEAD), name="signups_message_dead"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=MessageStatus.SENT, sent_at__isnull=False)
                | (~Q(status=MessageStatus.SENT) & Q(sent_at=None)),
                name="signups_sent_message_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(lease=None, leased_until=None) | Q(lease__isnull=False, leased_until__isnull=False),
                name="signups_lease_has_its_end",
            ),
            models.CheckConstraint(
                condition=Q(send_at__gte=F("created_at")), name="signups_message_sent_after_written"
            ),
        ]

    def __str__(self) -> str:
        return self.subject
