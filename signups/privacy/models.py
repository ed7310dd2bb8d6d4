"""Data export jobs and their chunks, for exports made by the worker."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.lib.encryption import EncryptedTextField
from signups.leads.models import Lead


class DataExportJobQuerySet(models.QuerySet["DataExportJob"]):
    def kept(self, now: dt.datetime) -> Self:
        """Filter exports that can still be downloaded."""
        return self.filter(requested_at__gt=now - dt.timedelta(days=settings.RETENTION_DATA_EXPORT_DAYS))

    def expired(self, now: dt.datetime) -> Self:
        return self.filter(requested_at__lte=now - dt.timedelta(days=settings.RETENTION_DATA_EXPORT_DAYS))


class DataExportJob(models.Model):
    """A requested data export; its progress derives from its chunks.

    There are no chunks before the job is planned, nor after it failed. Erasure deletes the job, so that it has no
    `PII_FIELDS`.
    """

    lead = models.OneToOneField(Lead, on_delete=models.PROTECT, related_name="data_copy")
    requested_at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True)

    objects = DataExportJobQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "data copies"

    def __str__(self) -> str:
        return f"copy asked for at {self.requested_at:%Y-%m-%d}"

    @property
    def until(self) -> dt.datetime:
        return self.requested_at + dt.timedelta(days=settings.RETENTION_DATA_EXPORT_DAYS)


class DataExportChunk(models.Model):
    """Rows of one table, in file order.

    Planned with the `keys` of `model`, later filled with the rendered `json` and `html`.
    """

    copy = models.ForeignKey(DataExportJob, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    model = models.CharField(max_length=100)
    keys = models.JSONField()
    json = EncryptedTextField(null=True)
    html = EncryptedTextField(null=True)

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["id"], condition=Q(json__isnull=True), name="signups_exportchunk_pending")]
        constraints = [
            models.UniqueConstraint(fields=["copy", "number"], name="signups_exportchunk_unique_number"),
            models.CheckConstraint(
                condition=Q(json__isnull=True, html__isnull=True) | Q(json__isnull=False, html__isnull=False),
                name="signups_exportchunk_done_has_json",
            ),
        ]

    def __str__(self) -> str:
        return f"part {self.number}"
