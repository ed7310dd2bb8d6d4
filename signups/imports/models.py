"""Lead imports: the uploaded rows, in chunks, until each chunk is imported."""

import datetime as dt
import json
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Sum

from clinic.lib.encryption import EncryptedTextField
from signups.leads.tag_models import Tag

from .choices import ImportStatus, RowOutcome

UNDO_WINDOW = dt.timedelta(days=30)  # after the start
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
        finished = [ImportStatus.DROPPED, ImportStatus.DONE, ImportStatus.UNDOING, ImportStatus.UNDONE]
        stored = ImportChunk.objects.filter(import_job=models.OuterRef("pk")).filter(rows__isnull=False)
        return self.filter(
            models.Exists(stored) | ~models.Q(status__in=finished), created_at__lt=now - KEEP_UPLOADS_FOR
        )


class ImportJob(models.Model):
    """One uploaded file and its progress.

    `columns` maps the columns of the file to keys of `headings.IMPORT_FIELDS`, or to "". The file is not stored, only
    its cells, encrypted, until they are imported; at most for KEEP_UPLOADS_FOR. `samples` are the first filled cells of
    each column, `opt_outs` the columns that look like an opt-out, `encoding` one that was guessed.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    header: "models.Field[Any, Any]" = JSONText(null=True)
    samples: "models.Field[Any, Any]" = JSONText(null=True)
    columns = models.JSONField(default=list)
    opt_outs = models.JSONField(default=list)
    encoding = models.CharField(max_length=20, blank=True)
    empty_columns = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=ImportStatus, default=ImportStatus.COLUMNS)
    size = models.PositiveIntegerField()
    tag = models.ForeignKey(Tag, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(status__in=[ImportStatus.CHECKING, ImportStatus.RUNNING, ImportStatus.UNDOING]),
                name="signups_importjob_pending",
            )
        ]

    def __str__(self) -> str:
        return f"import of {self.created_at:%Y-%m-%d}"

    def may_be_undone(self, now: dt.datetime) -> bool:
        """Return whether the imported leads can be taken out again: within UNDO_WINDOW of the start."""
        begun = self.status in (ImportStatus.DONE, ImportStatus.DROPPED) and self.started_at is not None
        return begun and self.started_at is not None and now <= self.started_at + UNDO_WINDOW

    def figures(self) -> dict[str, int]:
        """Return the numbers of rows by RowOutcome, of those with a note (`noted`), and all that are `done`.

        Before the start they are the results of the check, afterwards the progress so far.
        """
        parts = self.parts.all() if self.status == ImportStatus.CHECKED else self.parts.exclude(done_at=None)
        counts = {outcome.value: Sum(f"{outcome}_count", default=0) for outcome in RowOutcome}
        return parts.aggregate(**counts, noted=Sum("noted_count", default=0), done=Sum("size", default=0))


class ImportChunk(models.Model):
    """Rows of an import that are imported in one transaction.

    `rows` is [[number, [cell, …]], …]: all rows until they are imported, then the rejected rows, for correction.
    `outcomes` is a list of `outcomes.to_json`, without personal data. `shared_rows` are the rows whose number stands on
    too many names, `erased_rows` those of people who had their data erased.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {"rows": []}

    import_job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="parts")
    index = models.PositiveIntegerField()
    rows: "models.Field[Any, Any]" = JSONText(null=True)
    size = models.PositiveIntegerField()
    created_count = models.PositiveIntegerField(default=0)
    updated_count = models.PositiveIntegerField(default=0)
    duplicate_count = models.PositiveIntegerField(default=0)
    rejected_count = models.PositiveIntegerField(default=0)
    noted_count = models.PositiveIntegerField(default=0)
    outcomes = models.JSONField(default=list)
    shared_rows = models.JSONField(default=list)
    erased_rows = models.JSONField(default=list)
    done_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["import_job", "index"], name="signups_importchunk_unique_index"),
            models.CheckConstraint(
                condition=models.Q(done_at=None)
                | models.Q(size=F("created_count") + F("updated_count") + F("duplicate_count") + F("rejected_count")),
                name="signups_importchunk_counts_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"part {self.index} of {self.import_job}"
