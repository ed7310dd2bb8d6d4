"""Two leads that turned out to be one person, or two."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models

from signups.leads.models import Lead


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
