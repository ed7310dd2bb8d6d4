"""A follow-up: what somebody is to do about a lead, and when."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Q

from clinic.lib.encryption import EncryptedTextField
from signups.leads.choices import TERMINAL_STATUSES
from signups.leads.models import Lead


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def open(self) -> Self:
        """Not done, of leads that are neither merged nor erased; soonest first."""
        return self.filter(done_at=None).exclude(lead__status__in=TERMINAL_STATUSES).order_by("due_at", "pk")

    def owned_by(self, user: User) -> Self:
        return self.filter(owner=user)

    def due_before(self, moment: dt.datetime) -> Self:
        return self.filter(due_at__lt=moment)


class FollowUp(models.Model):
    PII_FIELDS: ClassVar[dict[str, Any]] = {"task": ""}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="follow_ups")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="follow_ups")
    task = EncryptedTextField()
    due_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(done_at__gte=F("created_at")), name="signups_followup_done_after_created"
            )
        ]
        indexes = [
            models.Index(fields=["owner", "due_at"], condition=Q(done_at=None), name="signups_followup_open"),
        ]

    def __str__(self) -> str:
        return f"follow-up due {self.due_at:%Y-%m-%d}"
