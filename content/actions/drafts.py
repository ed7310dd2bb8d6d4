"""Draft actions: each saved text is a revision; the published text is unaffected."""

import datetime as dt
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from content import state_changes
from content.models.articles import Article, Text
from content.models.people import Person
from content.models.revisions import Revision

from . import history
from .exceptions import EditorialError

REVIEW_INTERVAL = dt.timedelta(days=365)  # until a reviewer sets a date


@transaction.atomic
def create_article(*, slug: str, author: Person, words: Mapping[str, str], by: User, now: dt.datetime) -> Article:
    """Create an unpublished article with its first revision."""
    review_by = timezone.localdate(now) + REVIEW_INTERVAL
    article = Article.objects.create(slug=slug, author=author, review_by=review_by, **words)
    Revision.objects.create(article=article, author=by, created_at=now, **words)
    history.record_change(article, "Started.", by=by, now=now)
    return article


@transaction.atomic
def save_draft(
    article: Article,
    *,
    words: Mapping[str, str],
    correction_note: str = "",
    is_minor_edit: bool = False,
    based_on: int,
    by: User,
    now: dt.datetime,
) -> Revision:
    """Save and return the next revision, or return the newest when nothing differs.

    `based_on` is the pk of the revision that the editor started from. Raises EditorialError when another editor has
    saved a newer one. Saving cancels a scheduled publication.
    """
    article = Article.objects.select_for_update().get(pk=article.pk)
    newest = article.revisions.latest()
    if newest.pk != based_on:
        raise EditorialError(
            [f"{newest.author or 'Somebody'} saved this text while you wrote. Compare with the newest revision."]
        )
    revision = Revision(
        article=article,
        correction_note=correction_note,
        is_minor_edit=is_minor_edit,
        author=by,
        created_at=now,
        **words,
    )
    if (revision.fingerprint(), is_minor_edit) == (newest.content_hash, newest.is_minor_edit):
        return newest
    revision.save()
    _make_newest(article, revision, words)
    history.record_change(article, "Saved a draft.", by=by, now=now)
    return revision


def _make_newest(article: Article, revision: Revision, words: Mapping[str, str]) -> None:
    """Cancel a scheduled publication; an article that was never live has the new words itself."""
    article.scheduled_for = article.scheduled_by = None
    if article.live_revision and article.live_revision.words == revision.words and not revision.correction_note:
        article.live_revision = revision  # readers see these words already
    if article.live_revision_id is None:
        for name, value in words.items():
            setattr(article, name, value)
    article.save()


def revert_to(article: Article, *, to: Revision, based_on: int, by: User, now: dt.datetime) -> Revision:
    """Save an older revision's text as a new draft. Raises EditorialError."""
    return save_draft(article, words=to.words, based_on=based_on, by=by, now=now)


@transaction.atomic
def create_shipped_revision(article: Article, *, now: dt.datetime) -> Revision:
    """Record the shipped text just written to `article` as its newest revision.

    On a published article that nobody has signed off the revision goes live; readers of a signed one keep what was
    signed. An editor's draft stays among the older revisions. Raises MarkupError for a reference to a row that does
    not exist.
    """
    revision = Revision.objects.create(article=article, created_at=now, **article.words)
    if article.sign_offs.exists() and article.live_revision:
        for name, value in article.live_revision.words.items():
            setattr(article, name, value)
        article.save(update_fields=list(Text.FIELDS))
    elif article.published_at:
        if article.live_revision_id:
            article.changed_at = now
        article.live_revision, article.live_snapshot = revision, state_changes.state_of(article, revision).store()
        article.save(update_fields=["live_revision", "live_snapshot", "changed_at"])
    return revision
