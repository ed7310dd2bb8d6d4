"""The transactional outbox.

An email or text is a row, written in the transaction of the change that it reports.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q

from clinic.lib.keyed_hash import every_hash, keyed_hash

from .choices import ACCEPTED_STATUSES, CalendarMethod, MessageChannel, MessageStatus
from .kinds import kind_choices


class OutboxMessageQuerySet(models.QuerySet["OutboxMessage"]):
    def pending(self) -> Self:
        return self.filter(status=MessageStatus.PENDING)

    def due(self, now: dt.datetime) -> Self:
        """Pending messages with `send_at` reached and no live lease, oldest first."""
        free = Q(lease_expires_at=None) | Q(lease_expires_at__lte=now)
        return self.pending().filter(free, send_at__lte=now).order_by("send_at", "created_at")


class OutboxMessage(models.Model):
    """One email or text, rendered when enqueued; its id becomes the `Message-ID` or the reference of its reports.

    A text has no HTML and goes to an E.164 number. A kind that is enqueued ahead is rendered again at delivery.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {"to": "", "text": "", "html": "", "calendar": "", "last_error": ""}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    lead = models.ForeignKey("signups.Lead", on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=40, choices=kind_choices)
    dedupe_key = models.CharField(
        max_length=100, unique=True, help_text="Of what it tells of: no second message tells the same."
    )
    channel = models.CharField(max_length=10, choices=MessageChannel, default=MessageChannel.EMAIL)
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    # An invitation (RFC 5545), its iTIP method, and the call with the sequence number that it reports.
    calendar = models.TextField(blank=True)
    calendar_method = models.CharField(max_length=10, choices=CalendarMethod, blank=True)
    call = models.ForeignKey("signups.OnboardingCall", on_delete=models.PROTECT, null=True, related_name="messages")
    call_sequence = models.PositiveIntegerField(null=True)
    # The host it is written to; None for messages to the lead.
    host = models.ForeignKey("signups.Host", on_delete=models.PROTECT, null=True, related_name="+")
    trial = models.ForeignKey("signups.Trial", on_delete=models.PROTECT, null=True, related_name="messages")
    status = models.CharField(max_length=10, choices=MessageStatus, default=MessageStatus.PENDING)
    created_at = models.DateTimeField()
    send_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    crash_count = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Leases that ended without an outcome."
    )
    lease_token = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    first_attempt_at = models.DateTimeField(null=True, editable=False)  # the `Date` of every attempt
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True)

    objects = OutboxMessageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "message"
        indexes = [
            models.Index(
                fields=["send_at"], condition=Q(status=MessageStatus.PENDING), name="signups_outboxmessage_due"
            ),
            models.Index(
                fields=["status"], condition=Q(status=MessageStatus.FAILED), name="signups_outboxmessage_failed"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ACCEPTED_STATUSES, sent_at__isnull=False)
                | (~Q(status__in=ACCEPTED_STATUSES) & Q(sent_at=None)),
                name="signups_outboxmessage_sent_has_sent_at",
            ),
            models.CheckConstraint(
                condition=Q(lease_token=None, lease_expires_at=None)
                | Q(lease_token__isnull=False, lease_expires_at__isnull=False),
                name="signups_outboxmessage_lease_has_expiry",
            ),
            models.CheckConstraint(
                condition=Q(send_at__gte=F("created_at")), name="signups_outboxmessage_sent_after_created"
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class SentBeforeRestoreQuerySet(models.QuerySet["SentBeforeRestore"]):
    def among(self, messages: Iterable[OutboxMessage]) -> list[OutboxMessage]:
        """Return those of `messages` that were sent before the restore."""
        by_digest = {
            digest: message
            for message in messages
            for digest in every_hash("message", SentBeforeRestore.identity(message))
        }
        return [by_digest[digest] for digest in self.filter(pk__in=by_digest).values_list("pk", flat=True)]


class SentBeforeRestore(models.Model):
    """The keyed hash of a message that was sent after the backup which was then restored: it is not sent again."""

    digest = models.CharField(primary_key=True, max_length=73)

    objects = SentBeforeRestoreQuerySet.as_manager()

    def __str__(self) -> str:
        return self.digest

    @staticmethod
    def identity(message: OutboxMessage) -> str:
        """Return what the message reports and to whom; a later lead with the same id was created at another time."""
        return f"{message.dedupe_key}:{message.lead.created_at.isoformat()}"

    @classmethod
    def hash_of(cls, message: OutboxMessage) -> str:
        return keyed_hash("message", cls.identity(message))
