"""Lead imports: the uploaded rows, in chunks, until each chunk is imported."""

import datetime as dt
import json
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Sum

from clinic.lib.encryption import EncryptedTextField

from .choices import ImportStatus

KEEP_UPLOADS_FOR = dt.timedelta(days=7)  # after the upload; then the remaining rows are deleted, imported or not


class JSONText(EncryptedTextField):
    """A list, stored as encrypted JSON; the empty list is NULL."""

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(json.dumps(value, ensure_ascii=False) if value else None)

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return json.loads(super().from_db_value(value) or "[]")

    def to_python(self, value: Any) -> Any:
        return value


class ImportJobQuerySet(models.QuerySet["ImportJob"]):
    def old(self, now: dt.datetime) -> Self:
        """Filter expired imports that still have rows or are not finished."""
        finished = [ImportStatus.DROPPED, ImportStatus.DONE]
        stored = ImportChunk.objects.filter(import_job=models.OuterRef("pk")).filter(rows__isnull=False)
        return self.filter(
            models.Exists(stored) | ~models.Q(status__in=finished), created_at__lt=now - KEEP_UPLOADS_FOR
        )


class ImportJob(models.Model):
    """One uploaded file and its progress.

    `columns` maps the columns of the file to keys of `csv_parser.IMPORT_FIELDS`, or to "". The file is not stored, only
    its cells, encrypted, until they are imported; at most for KEEP_UPLOADS_FOR.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    header: "models.Field[Any, Any]" = JSONText(null=True)
    columns = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=ImportStatus, default=ImportStatus.COLUMNS)
    size = models.PositiveIntegerField()

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(status__in=[ImportStatus.CHECKING, ImportStatus.RUNNING]),
                name="signups_importjob_pending",
            )
        ]

    def __str__(self) -> str:
        return f"import of {self.created_at:%Y-%m-%d}"

    def figures(self) -> dict[str, int]:
        """Return the numbers of rows `created`, `known`, `refused` and `done`.

        Before the start they are the results of the validation, afterwards the progress so far.
        """
        parts = self.parts.all() if self.status == ImportStatus.CHECKED else self.parts.exclude(done_at=None)
        total = parts.aggregate(
            created=Sum("created_count", default=0),
            known=Sum("duplicate_count", default=0),
            of=Sum("size", default=0),
        )
        refused = total["of"] - total["created"] - total["known"]
        return {"created": total["created"], "known": total["known"], "refused": refused, "done": total["of"]}


class ImportChunk(models.Model):
    """Rows of an import that are imported in one transaction.

    `rows` is [[number, [cell, …]], …]: all rows until they are imported, then the rejected rows, for correction.
    `rejected` is [[number, reason], …]. `created_count` and `duplicate_count` count the other rows.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {"rows": []}

    import_job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="parts")
    index = models.PositiveIntegerField()
    rows: "models.Field[Any, Any]" = JSONText(null=True)
    size = models.PositiveIntegerField()
    created_count = models.PositiveIntegerField(default=0)
    duplicate_count = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["import_job", "index"], name="signups_importchunk_unique_index"),
            models.CheckConstraint(
                condition=models.Q(size__gte=F("created_count") + F("duplicate_count")),
                name="signups_importchunk_counts_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"part {self.index} of {self.import_job}"
