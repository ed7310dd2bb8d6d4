"""Outcomes of duplicate detection: merged leads and distinct pairs."""

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
    """Two similar leads that are two people, such as a household sharing a number.

    Deleted when either lead is erased. Belongs to neither lead: a data export of one does not name the other.
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
        """Return the survivor of `lead` after all active merges, or `lead` if unmerged.

        A link in an old message to a merged lead thereby leads to the survivor.
        """
        while merge := self.filter(merged_lead=lead, undone_at=None).select_related("lead").first():
            lead = merge.lead
        return lead


class LeadMerge(models.Model):
    """`merged_lead` became part of `lead`.

    `snapshot` (JSON) is what undoing the merge needs: former values, and which rows moved. It holds the only copy of
    the contact details of `merged_lead`: erasing `lead` erases them.
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
