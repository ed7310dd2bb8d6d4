"""A bulk action on more leads than one request can change: done by the worker, piece by piece."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models

from signups.imports.models import JSONText

MAX_JOB_LEADS = 50_000


class BulkJobQuerySet(models.QuerySet["BulkJob"]):
    def pending(self) -> Self:
        """Jobs that are not finished, oldest first."""
        return self.filter(finished_at=None).order_by("pk")


class BulkJob(models.Model):
    """`kind` is a key of `bulk_kinds.KINDS`, `form` what was entered, `leads` the keys of the leads chosen, in order.

    The first `done` of them are dealt with. `refused` holds the key and the reason of the first that were not changed.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20)
    form: "models.Field[Any, Any]" = JSONText(null=True)
    leads = models.JSONField(default=list)
    size = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    refused_count = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = BulkJobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["id"], condition=models.Q(finished_at=None), name="signups_bulkjob_pending")]

    def __str__(self) -> str:
        return f"bulk action of {self.created_at:%Y-%m-%d}"

    @property
    def changed(self) -> int:
        """Return how many leads were changed."""
        return self.done - self.refused_count
