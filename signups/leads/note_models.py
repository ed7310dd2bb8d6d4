"""Notes that staff write about a lead."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models

from clinic.lib.append_only import AppendOnly, AppendOnlyQuerySet
from clinic.lib.encryption import EncryptedTextField

from .models import Lead


class NoteQuerySet(AppendOnlyQuerySet):
    def current(self) -> Self:
        """The newest version of each note."""
        return self.filter(superseded_by=None)


class Note(AppendOnly):
    """One version of a note; an edit adds a row that `supersedes` this one.

    An edit never overwrites an earlier version.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {"text": ""}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = EncryptedTextField()
    created_at = models.DateTimeField()
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by", editable=False
    )

    objects: ClassVar[Any] = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"note of {self.created_at:%Y-%m-%d}"


class NoteDraft(models.Model):
    """What `author` has typed about `lead` and not saved yet: one text for each pair."""

    PII_FIELDS: ClassVar[dict[str, Any]] = {"text": ""}

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="note_drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = EncryptedTextField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lead", "author"], name="signups_notedraft_unique")]

    def __str__(self) -> str:
        return f"draft of {self.updated_at:%Y-%m-%d}"
