"""What pages showed, and every version of the rows that they rest on; append-only."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from clinic.lib.append_only import AppendOnly


def canonical_json(data: Mapping[str, Any]) -> str:
    """Return `data` as JSON with sorted keys and without spaces (RFC 8785, but for numbers)."""
    return json.dumps(data, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class PageSnapshot(AppendOnly):
    """Everything that a page shows, addressed by the SHA-256 (hex) of its canonical JSON.

    `data` is what `content.snapshots.PageState.as_data` returns. Readers get their pages from these rows alone.
    """

    hash = models.CharField(primary_key=True, max_length=64)
    data = models.JSONField()

    def __str__(self) -> str:
        return self.hash[:12]

    @staticmethod
    def hash_of(data: Mapping[str, Any]) -> str:
        return hashlib.sha256(canonical_json(data).encode()).hexdigest()

    @classmethod
    def store(cls, data: Mapping[str, Any]) -> "PageSnapshot":
        """Return the row of `data`; it is inserted when it is new."""
        plain = json.loads(canonical_json(data))
        snapshot, _ = cls.objects.get_or_create(hash=cls.hash_of(data), defaults={"data": plain})
        return snapshot


class LedgerRevision(AppendOnly):
    """One version of a source, quotation, claim, person or the clinic profile.

    `values` are by field name; `key` is the row's own, or empty for the profile.
    """

    class Kind(models.TextChoices):
        SOURCE = "source", "source"
        QUOTATION = "quotation", "quotation"
        CLAIM = "claim", "claim"
        PERSON = "person", "person"
        PROFILE = "clinicprofile", "clinic profile"

    kind = models.CharField(max_length=13, choices=Kind)
    key = models.CharField(max_length=50, blank=True)
    values = models.JSONField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # None: shipped with the project, or set at the shell
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["kind", "key"], name="content_ledgerrevision_row")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.key}, revision {self.pk}"
