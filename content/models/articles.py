"""Pages written by editors: the landing page and the articles."""

from typing import Self

from django.db import models
from django.urls import reverse
from django.utils import timezone

from .people import Person


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> Self:
        """Those whose day has come; a draft has none."""
        return self.filter(published__lte=timezone.localdate())

    def articles(self) -> Self:
        return self.filter(kind=Article.Kind.ARTICLE)


class Article(models.Model):
    """A text in our Markdown (`content/evidence/markup.py`). The landing page is one too: the same rules hold both."""

    class Kind(models.TextChoices):
        LANDING = "landing", "landing page"
        ARTICLE = "article", "article"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ARTICLE)
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=160)
    summary = models.TextField(max_length=500)
    description = models.CharField(max_length=155, help_text="What search engines show.")
    body = models.TextField()
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="written")
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="reviewed")
    published = models.DateField(null=True, blank=True, help_text="Empty: a draft nobody sees.")
    review_by = models.DateField(help_text="When its facts must have been read again.")

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["-published", "slug"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(kind="landing"), name="content_one_landing_page"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("landing") if self.kind == self.Kind.LANDING else reverse("article", args=[self.slug])
