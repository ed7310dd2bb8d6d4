"""Merge of two leads: who survives, and the snapshot that undoes it."""

import datetime as dt
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from clinic.lib.encryption import EncryptedTextField

from .models import Lead

MERGE_UNDO_WINDOW = dt.timedelta(days=30)


class LeadMergeQuerySet(models.QuerySet["LeadMerge"]):
    def kept(self, lead: Lead) -> Lead:
        """Whom `lead` became part of, or itself: a link in an old message to one of two is about both."""
        while made := self.filter(other=lead, undone_at=None).select_related("lead").first():
            lead = made.lead
        return lead


class LeadMerge(models.Model):
    """`other` became part of `lead`. `content` (JSON) is what undoing it needs: former values, and which rows moved.

    It holds the other's contact details, which stand nowhere else any more: erasing `lead` erases them.
    """

    PERSONAL: ClassVar[dict[str, Any]] = {"content": None}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="merges")
    other = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    content = EncryptedTextField(null=True)
    undone_at = models.DateTimeField(null=True)

    objects = LeadMergeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["other"], condition=models.Q(undone_at=None), name="signups_merged_into_one_only"
            ),
            models.CheckConstraint(condition=~models.Q(lead=models.F("other")), name="signups_merge_of_two"),
        ]

    def __str__(self) -> str:
        return f"merge of {self.at:%Y-%m-%d}"

    def may_be_undone(self, now: dt.datetime) -> bool:
        return bool(self.content) and not self.undone_at and now <= self.at + MERGE_UNDO_WINDOW
