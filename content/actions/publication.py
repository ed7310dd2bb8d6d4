"""Publication: of what a medical reviewer signed off, now or at a planned time."""

import datetime as dt
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from content.models.articles import Article
from content.models.revisions import Correction, Revision

from . import history
from .exceptions import EditorialError, refuse_broken_pages
from .sign_offs import apply_review, findings, state_or_none, unverified_sources


def blocking_reasons(article: Article, newest: Revision, *, now: dt.datetime) -> list[str]:
    """Return why `newest` may not be published, as sentences; empty if it may."""
    state = state_or_none(article, newest)
    if not article.withdrawn_at and state and state.hash == article.live_snapshot_id and not newest.correction_note:
        return ["This version is already live."]
    reasons = [*map(str, findings(newest, now=now)), *unverified_sources(state)]
    last = article.sign_offs.first()
    if last is None:
        reasons.append("Not yet approved by a medical reviewer.")
    elif last.content_hash != newest.content_hash:
        reasons.append(f"Edited since {last.reviewer_name} approved it. It needs a new approval.")
    elif state and last.snapshot_id != state.hash:
        reasons.append(f"Its evidence was changed since {last.reviewer_name} approved it. It needs a new approval.")
    elif article.withdrawn_at and last.signed_at <= article.withdrawn_at:
        reasons.append(f"It was withdrawn on {timezone.localdate(article.withdrawn_at)}. It needs a new approval.")
    elif last.review_by < timezone.localdate(now):
        reasons.append(f"{last.reviewer_name}’s approval expired on {last.review_by}.")
    return reasons


@refuse_broken_pages()
def publish_article(article: Article, *, by: User, now: dt.datetime) -> None:
    """Publish the newest revision. Raises EditorialError with every blocking reason."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    newest = article.revisions.latest()
    if reasons := blocking_reasons(article, newest, now=now):
        raise EditorialError(reasons)
    sign_off = article.sign_offs.latest()
    if not _is_minor(article):
        apply_review(article, sign_off)
    for name, value in newest.words.items():
        setattr(article, name, value)
    if newest.correction_note:
        Correction.objects.create(article=article, corrected_at=now, text=newest.correction_note)
    if article.published_at:
        article.changed_at = now
    else:
        article.published_at = now
    article.live_revision, article.live_snapshot = newest, sign_off.snapshot
    article.scheduled_for = article.scheduled_by = None
    article.withdrawn_at, article.withdrawn_by, article.withdrawal_reason = None, None, ""
    article.save()
    history.record_change(article, "Published.", by=by, now=now)


@transaction.atomic
def schedule_article(article: Article, *, at: dt.datetime, by: User, now: dt.datetime) -> None:
    """Schedule the newest revision for publication at `at`; a later edit cancels it.

    Raises EditorialError with every blocking reason.
    """
    article = Article.objects.select_for_update().get(pk=article.pk)
    reasons = blocking_reasons(article, article.revisions.latest(), now=now)
    if at <= now:
        reasons.append("Choose a future time.")
    if reasons:
        raise EditorialError(reasons)
    article.scheduled_for, article.scheduled_by = at, by
    article.save()
    history.record_change(article, f"To be published at {at:%Y-%m-%d %H:%M} UTC.", by=by, now=now)


@transaction.atomic
def unschedule_article(article: Article, *, by: User, now: dt.datetime) -> None:
    """Cancel the scheduled publication. Idempotent."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    article.scheduled_for = article.scheduled_by = None
    article.save()
    history.record_change(article, "The planned publication was called off.", by=by, now=now)


def publish_due_articles(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: publish articles whose scheduled time has come; return how many.

    An article that cannot be published stays in the review queue and is retried at the next run.
    """
    published = 0
    for article in Article.objects.due(clock()).select_related("scheduled_by"):
        try:
            published += _publish_if_due(article.pk, now=clock())
        except EditorialError:
            continue
    return published


@transaction.atomic
def _publish_if_due(pk: int, *, now: dt.datetime) -> bool:
    """Publish one article; return False if another worker or an editor was faster."""
    article = Article.objects.select_for_update().due(now).filter(pk=pk).first()
    if article is None or article.scheduled_by is None:
        return False
    publish_article(article, by=article.scheduled_by, now=now)
    return True


def _is_minor(article: Article) -> bool:
    """Return whether all edits since the live revision are minor.

    False before the first publication.
    """
    return (
        bool(article.live_revision_id)
        and not article.revisions.filter(pk__gt=article.live_revision_id, is_minor_edit=False).exists()
    )
