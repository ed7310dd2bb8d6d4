"""Versioned legal and crisis texts, drafted by editors and published by the Head."""

from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from .snapshots import PageSnapshot


class PublishableText(models.Model):
    """A draft until `effective_from` is set, then immutable.

    Shipped texts have neither author nor publisher.
    """

    effective_from = models.DateField("holds from", null=True, editable=False)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        abstract = True


class LegalTextQuerySet(models.QuerySet["LegalText"]):
    def notices(self) -> list["LegalText"]:
        """Return the current notices that a clinic posts on its site, as far as it has published them."""
        published = self.published().filter(kind__in=LegalText.NOTICES).order_by("effective_from", "pk")
        newest = {text.kind: text for text in published.defer("body")}
        return [newest[kind] for kind in LegalText.NOTICES if kind in newest]

    def current(self, kind: str) -> Self:
        """Return the effective versions of `kind`, newest first."""
        return self.published().filter(kind=kind).order_by("-effective_from", "-pk")

    def published(self) -> Self:
        """Return the versions in effect today or earlier."""
        return self.filter(effective_from__lte=timezone.localdate())


class LegalText(PublishableText):
    """A version of the terms, a notice or a consent wording."""

    class Kind(models.TextChoices):
        TERMS = "terms", "terms"
        PRIVACY = "privacy", "privacy notice"
        ACCESSIBILITY = "accessibility", "accessibility statement"
        NEWS = "news", "agreement to news by email"
        CALLS = "calls", "agreement to phone calls"
        TEXTS = "texts", "agreement to text messages"
        CALLBACKS = "callbacks", "consent to one requested callback"
        HIPAA = "hipaa", "HIPAA notice of privacy practices"
        ESTIMATE = "estimate", "right to a good-faith estimate"
        COMPLAINTS = "complaints", "how to complain"

    NOTICES = (Kind.HIPAA, Kind.ESTIMATE, Kind.COMPLAINTS)  # (45 CFR 164.520(c)(3), 149.610(b)(1)(iii))

    kind = models.CharField(max_length=20, choices=Kind)
    version = models.CharField(max_length=20)
    title = models.CharField(max_length=160)
    summary = models.TextField(max_length=500)
    body = models.TextField()
    snapshot = models.ForeignKey(
        PageSnapshot,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        help_text="What its page shows, with the values of its placeholders on the day it was published.",
    )

    objects = LegalTextQuerySet.as_manager()

    class Meta:
        verbose_name = "legal document"
        ordering = ["kind", "-effective_from"]
        permissions = [("publish_legaltext", "Can publish a version of what people agree to")]
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="content_legaltext_unique_version"),
            models.CheckConstraint(
                condition=models.Q(effective_from=None) | models.Q(snapshot__isnull=False),
                name="content_legaltext_published_has_snapshot",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("legal-text", args=[self.kind])

    @property
    def words(self) -> dict[str, str]:
        return {"title": self.title, "summary": self.summary, "body": self.body}


class CrisisText(PublishableText):
    """A version of the crisis information; publishing copies it to the clinic profile."""

    FIELDS = ("crisis_name", "crisis_phone", "crisis_text", "emergency_phone")

    crisis_name = models.CharField("name of the line", max_length=80)
    crisis_phone = models.CharField("number of the line", max_length=20)
    crisis_text = models.TextField("what to do", max_length=400)
    emergency_phone = models.CharField("emergency number", max_length=20)

    class Meta:
        verbose_name = "crisis message"
        ordering = ["-pk"]
        permissions = [("publish_crisistext", "Can publish what pages say in a crisis")]

    def __str__(self) -> str:
        return self.crisis_text
