"""History of articles: revisions, sign-offs and corrections, all append-only."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.lib.append_only import AppendOnly

from .articles import Article, Text
from .people import Person
from .snapshots import PageSnapshot


class Revision(AppendOnly, Text):
    """One version of an article's text; editors work on the newest."""

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="revisions")
    correction_note = models.CharField(
        "correction",
        max_length=300,
        blank=True,
        help_text="If readers were told something wrong: what it said, and what is right. Shown on the page.",
    )
    is_minor_edit = models.BooleanField(
        "minor edit", default=False, help_text="Spelling and the like: the date of the last review stays as it is."
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )  # None: shipped with the project
    created_at = models.DateTimeField()
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-pk"]
        get_latest_by = "pk"
        constraints = [
            models.CheckConstraint(
                condition=Q(is_minor_edit=False) | Q(correction_note=""), name="content_revision_correction_not_minor"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title}, revision {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.content_hash = self.fingerprint()
        super().save(*args, **kwargs)

    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of the text and correction, which a reviewer signs."""
        return hashlib.sha256(json.dumps([*self.words.values(), self.correction_note]).encode()).hexdigest()


class SignOff(AppendOnly):
    """A medical reviewer's approval of one text with everything that its page shows.

    `content_hash` is that of the text, `snapshot` also holds what it rests on. Name and role are the reviewer's at
    that time.
    """

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="sign_offs")
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="sign_offs")
    reviewer_name = models.CharField(max_length=100)
    reviewer_role = models.CharField(max_length=120)
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    content_hash = models.CharField(max_length=64)
    snapshot = models.ForeignKey(PageSnapshot, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    review_by = models.DateField(help_text="When the facts must have been read again.")

    class Meta:
        ordering = ["-pk"]
        get_latest_by = "pk"
        indexes = [models.Index(fields=["article", "content_hash"], name="content_signoff_hash")]

    def __str__(self) -> str:
        return f"{self.reviewer} signed off {self.article}"


class Correction(AppendOnly):
    """A published correction, with the time from which the text is right."""

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="corrections")
    corrected_at = models.DateTimeField()
    text = models.CharField(max_length=300)

    class Meta:
        ordering = ["-corrected_at", "-pk"]

    def __str__(self) -> str:
        return self.text
