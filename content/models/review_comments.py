"""What reviewers and editors say to each other about a text, and who has it open."""

from typing import Self

from django.conf import settings
from django.db import models

from .articles import Article


class CommentQuerySet(models.QuerySet["ReviewComment"]):
    def open(self) -> Self:
        return self.filter(resolved_at=None)


class ReviewComment(models.Model):
    """A comment on a passage of an article, with the answer to it."""

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="comments")
    passage = models.TextField("about which words", max_length=600, blank=True)
    text = models.TextField("comment", max_length=2000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    answer = models.TextField(max_length=2000, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:60]}"


class OpenEditor(models.Model):
    """That somebody has an article's editor open, and what they typed and have not saved yet."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="open_editors")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()
    unsaved = models.JSONField(default=dict)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["article", "user"], name="content_openeditor_one_each")]

    def __str__(self) -> str:
        return f"{self.user} in {self.article}"
