"""Two leads that turned out to be one person, or two."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models

from signups.encryption import EncryptedTextField

from .leads import Lead

UNDO = dt.timedelta(days=30)


class MergeQuerySet(models.QuerySet["Merge"]):
    def kept(self, lead: Lead) -> Lead:
        """Whom `lead` became part of, or itself: a link in an old message to one of two is about both."""
        while made := self.filter(other=lead, undone_at=None).select_related("lead").first():
            lead = made.lead
        return lead


class Merge(models.Model):
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

    objects = MergeQuerySet.as_manager()

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
        return bool(self.content) and not self.undone_at and now <= self.at + UNDO


class TwoPeopleQuerySet(models.QuerySet["TwoPeople"]):
    def of(self, lead: Lead) -> Self:
        return self.filter(models.Q(older=lead) | models.Q(newer=lead))


class TwoPeople(models.Model):
    """They look like one person and are two: a household on one number. Deleted with what is known of either.

    It is nobody's own: a copy of what we hold about one of them does not name the other.
    """

    PERSONAL: ClassVar[dict[str, Any]] = {}

    older = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    newer = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = TwoPeopleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["older", "newer"], name="signups_told_apart_once"),
            models.CheckConstraint(condition=models.Q(older__lt=models.F("newer")), name="signups_older_lead_first"),
        ]

    def __str__(self) -> str:
        return f"two people, said on {self.at:%Y-%m-%d}"
