"""Two leads that turned out to be one person, or two."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models

from clinic.lib.encryption import EncryptedTextField

from .models import Lead


class DistinctLeadPairQuerySet(models.QuerySet["DistinctLeadPair"]):
    def of(self, lead: Lead) -> Self:
        return self.filter(models.Q(older=lead) | models.Q(newer=lead))


class DistinctLeadPair(models.Model):
    """They look like one person and are two: a household on one number. Deleted with what is known of either.

    It is nobody's own: a copy of what we hold about one of them does not name the other.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    older = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    newer = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = DistinctLeadPairQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["older", "newer"], name="signups_distinctpair_unique"),
            models.CheckConstraint(
                condition=models.Q(older__lt=models.F("newer")), name="signups_distinctpair_ordered"
            ),
        ]

    def __str__(self) -> str:
        return f"two people, said on {self.created_at:%Y-%m-%d}"


MERGE_UNDO_WINDOW = dt.timedelta(days=30)


class LeadMergeQuerySet(models.QuerySet["LeadMerge"]):
    def kept(self, lead: Lead) -> Lead:
        """Whom `lead` became part of, or itself: a link in an old message to one of two is about both."""
        while made := self.filter(merged_lead=lead, undone_at=None).select_related("lead").first():
            lead = made.lead
        return lead


class LeadMerge(models.Model):
    """`other` became part of `lead`. `content` (JSON) is what undoing it needs: former values, and which rows moved.

    It holds the other's contact details, which stand nowhere else any more: erasing `lead` erases them.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {"snapshot": None}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="merges")
    merged_lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    merged_at = models.DateTimeField()
    snapshot = EncryptedTextField(null=True)
    undone_at = models.DateTimeField(null=True)

    objects = LeadMergeQuerySet.as_manager()

    class Meta:
        verbose_name = "merge"
        ordering = ["-merged_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["merged_lead"], condition=models.Q(undone_at=None), name="signups_leadmerge_unique_merged"
            ),
            models.CheckConstraint(
                condition=~models.Q(lead=models.F("merged_lead")), name="signups_leadmerge_two_leads"
            ),
        ]

    def __str__(self) -> str:
        return f"merge of {self.merged_at:%Y-%m-%d}"

    def may_be_undone(self, now: dt.datetime) -> bool:
        return bool(self.snapshot) and not self.undone_at and now <= self.merged_at + MERGE_UNDO_WINDOW
