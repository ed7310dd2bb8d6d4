"""Writing: each saved text is a revision, and nothing that readers see changes by it."""

import datetime as dt
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from content.models.articles import Article
from content.models.people import Person
from content.models.revisions import Revision

from . import history
from .exceptions import EditorialError

REVIEW_EVERY = dt.timedelta(days=365)  # at the latest, until a reviewer names a day


@transaction.atomic
def create_article(*, slug: str, author: Person, words: Mapping[str, str], by: User, now: dt.datetime) -> Article:
    """A new article that nobody sees yet, with its first revision."""
    review_by = timezone.localdate(now) + REVIEW_EVERY
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
    """The next revision, or the newest again when no word differs.

    `based_on` is the revision the editor began with: raises Refused when somebody else saved one meanwhile. A waiting
    publication is called off, for it was of the older words.
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
    article.scheduled_for = article.scheduled_by = None
    if article.live_revision_id is None:
        for name, value in words.items():
            setattr(article, name, value)
    article.save()
    history.record_change(article, "Saved a draft.", by=by, now=now)
    return revision


def revert_to(article: Article, *, to: Revision, based_on: int, by: User, now: dt.datetime) -> Revision:
    """The words of an older revision as the newest draft. Raises Refused as `save` does."""
    return save_draft(article, words=to.words, based_on=based_on, by=by, now=now)


@transaction.atomic
def create_shipped_revision(article: Article, *, now: dt.datetime) -> Revision:
    """The words that came with the project, just written to `article`, as its newest revision and, if the article is
    published, the one that readers see. An editor's draft stays among the older ones."""
    revision = Revision.objects.create(article=article, created_at=now, **article.words)
    if article.published_at:
        if article.live_revision_id:
            article.changed_at = now
        article.live_revision = revision
        article.save(update_fields=["live_revision", "changed_at"])
    return revision
