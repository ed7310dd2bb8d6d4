"""Texts that people agree to, or are owed: each version kept as it was."""

from typing import Self

from django.db import models
from django.urls import reverse
from django.utils import timezone


class LegalTextQuerySet(models.QuerySet["LegalText"]):
    def current(self, kind: str) -> Self:
        """The newest version of `kind` whose day has come, first."""
        return self.published().filter(kind=kind).order_by("-published", "-pk")

    def published(self) -> Self:
        """Every version whose day has come."""
        return self.filter(published__lte=timezone.localdate())


class LegalText(models.Model):
    class Kind(models.TextChoices):
        TERMS = "terms", "terms"
        PRIVACY = "privacy", "privacy notice"
        ACCESSIBILITY = "accessibility", "accessibility statement"
        NEWS = "news", "agreement to news by e-mail"
        CALLS = "calls", "agreement to phone calls"
        TEXTS = "texts", "agreement to text messages"

    kind = models.CharField(max_length=20, choices=Kind)
    version = models.CharField(max_length=20)
    title = models.CharField(max_length=160)
    summary = models.TextField(max_length=500)
    body = models.TextField()
    published = models.DateField()

    objects = LegalTextQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "-published"]
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="content_text_version_once")]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("text", args=[self.kind])
