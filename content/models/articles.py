"""Articles and the landing page, as readers see them."""

import datetime as dt
from collections.abc import Collection
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.urls import reverse
from django.utils import timezone

from .people import Person
from .snapshots import PageSnapshot


class Text(models.Model):
    """The text of an article, in the markup of `content/evidence/markup.py`."""

    FIELDS = ("title", "summary", "description", "body")

    title = models.CharField(max_length=160)
    summary = models.TextField(max_length=500)
    description = models.CharField(max_length=155, help_text="What search engines show.")
    body = models.TextField()

    class Meta:
        abstract = True

    @property
    def words(self) -> dict[str, str]:
        """Return the text by field name, for copying between revision and article."""
        return {name: getattr(self, name) for name in Text.FIELDS}


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> Self:
        """Return articles whose publication time has come and that nobody withdrew; drafts have none."""
        return self.once_published().filter(withdrawn_at=None)

    def once_published(self) -> Self:
        """Return published articles and those that were withdrawn since."""
        return self.filter(published_at__lte=timezone.now(), live_snapshot__isnull=False)

    def withdrawn(self) -> Self:
        return self.once_published().filter(withdrawn_at__isnull=False)

    def articles(self) -> Self:
        return self.filter(kind=Article.Kind.ARTICLE)

    def due(self, now: dt.datetime) -> Self:
        """Return articles whose scheduled publication is due."""
        return self.filter(scheduled_for__lte=now)

    def overdue(self, today: dt.date) -> Self:
        """Return published articles whose review was due before `today`."""
        return self.published().filter(review_by__lt=today)

    def with_progress(self) -> Self:
        """Annotate with `newest_id`, the newest revision, and whether its words are those last signed off.

        What they rest on may have changed since: `content.evidence_changes` knows.
        """
        from .revisions import Revision, SignOff

        newest = Revision.objects.filter(article=OuterRef("pk")).order_by("-pk")
        sign_offs = SignOff.objects.filter(article=OuterRef("pk")).order_by("-pk")
        annotated = self.annotate(
            newest_id=Subquery(newest.values("pk")[:1]),
            newest_hash=Subquery(newest.values("content_hash")[:1]),
            signed_hash=Subquery(sign_offs.values("content_hash")[:1]),
        )
        signed = Case(When(signed_hash=F("newest_hash"), then=True), default=False, output_field=models.BooleanField())
        return annotated.annotate(is_signed_off=signed)

    def with_draft(self) -> Self:
        """Return articles whose newest revision is not live."""
        return self.with_progress().filter(Q(live_revision=None) | ~Q(newest_id=F("live_revision_id")))

    def to_review(self, changed: Collection[int]) -> Self:
        """Return drafts without a sign-off; `changed` are those whose rows changed after it."""
        return self.with_draft().filter(Q(is_signed_off=False) | Q(pk__in=changed))

    def to_publish(self, changed: Collection[int]) -> Self:
        """Return signed drafts but `changed`, whose rows changed after the sign-off."""
        return self.with_draft().filter(Q(is_signed_off=True) & ~Q(pk__in=changed))

    def current(self) -> Self:
        """Return articles whose newest revision is live."""
        return self.with_progress().filter(Q(newest_id=F("live_revision_id")))


class Article(Text):
    """An article with its live text, which follows the draft until first published.

    Editors work on revisions. The landing page is an article too, under the same rules. The actions of
    `content/actions/` make every write.
    """

    class Kind(models.TextChoices):
        LANDING = "landing", "landing page"
        ARTICLE = "article", "article"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ARTICLE)
    slug = models.SlugField(unique=True, help_text="Its address: /learn/slug/.")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="written")
    live_revision = models.ForeignKey("Revision", on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    live_snapshot = models.ForeignKey(
        PageSnapshot, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    published_at = models.DateTimeField(null=True, editable=False)
    changed_at = models.DateTimeField("when readers last got another text", null=True, editable=False)
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, editable=False, related_name="reviewed")
    reviewer_key = models.SlugField(blank=True, db_index=False, editable=False)
    reviewer_name = models.CharField(max_length=100, blank=True, editable=False)
    reviewer_role = models.CharField(max_length=120, blank=True, editable=False)
    last_reviewed = models.DateTimeField(null=True, editable=False)
    review_by = models.DateField(help_text="When its facts must have been read again.")
    scheduled_for = models.DateTimeField(null=True, editable=False)
    scheduled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    withdrawal_reason = models.CharField(max_length=300, blank=True, editable=False)
    preview_version = models.PositiveIntegerField(default=1, editable=False)  # tokens of older versions are revoked

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "slug"]
        permissions = [
            ("publish_article", "Can publish what a reviewer signed off"),
            ("sign_off_article", "Can sign off articles as a medical reviewer"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind="landing"), name="content_article_one_landing_page"
            ),
            models.CheckConstraint(
                condition=Q(reviewer=None, last_reviewed=None) | Q(reviewer__isnull=False, last_reviewed__isnull=False),
                name="content_article_review_has_reviewer",
            ),
            models.CheckConstraint(
                condition=Q(scheduled_for=None, scheduled_by=None)
                | Q(scheduled_for__isnull=False, scheduled_by__isnull=False),
                name="content_article_schedule_has_editor",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdrawal_reason="")
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawal_reason=""),
                name="content_article_withdrawal_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("landing") if self.kind == self.Kind.LANDING else reverse("article", args=[self.slug])

    @property
    def updated_at(self) -> dt.datetime | None:
        """Last change of the live text: `lastmod` of sitemaps, `updated` of feeds."""
        return self.changed_at or self.published_at


class ArticleRedirect(models.Model):
    """An address that an article had; it leads to the present one for good."""

    slug = models.SlugField(unique=True)
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="redirects")

    def __str__(self) -> str:
        return f"{self.slug} → {self.article.slug}"
