"""Comments on drafts and their answers, and who has an editor open with what unsaved."""

import datetime as dt
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction

from content.models.articles import Article
from content.models.review_comments import OpenEditor, ReviewComment

from . import history
from .exceptions import EditorialError

STILL_OPEN = dt.timedelta(minutes=3)


@transaction.atomic
def add_comment(article: Article, *, passage: str, text: str, by: User, now: dt.datetime) -> ReviewComment:
    """Comment on a passage of the newest draft, or on all of it. Raises EditorialError."""
    if not text.strip():
        raise EditorialError(["Write a comment first."])
    comment = ReviewComment(article=article, passage=passage.strip()[:600], text=text.strip()[:2000], author=by)
    comment.created_at = now
    comment.save()
    history.record_change(article, "Commented.", by=by, now=now)
    return comment


@transaction.atomic
def resolve_comment(article: Article, pk: int, *, answer: str, by: User, now: dt.datetime) -> None:
    """Answer a comment and close it. Raises EditorialError."""
    comment = ReviewComment.objects.select_for_update().open().filter(article=article, pk=pk).first()
    if comment is None:
        raise EditorialError(["This comment was answered already."])
    if not answer.strip():
        raise EditorialError(["Write an answer first."])
    comment.answer, comment.answered_by, comment.resolved_at = answer.strip()[:2000], by, now
    comment.save()
    history.record_change(article, "Answered a comment.", by=by, now=now)


def keep_unsaved(article: Article, words: Mapping[str, str], *, by: User, now: dt.datetime) -> None:
    """Remember that `by` has the editor open, and what they typed."""
    OpenEditor.objects.update_or_create(article=article, user=by, defaults={"seen_at": now, "unsaved": dict(words)})


def unsaved_words(article: Article, *, of: User, newest: Mapping[str, str]) -> OpenEditor | None:
    """Return what `of` typed and never saved, if it differs from the newest draft."""
    mine = OpenEditor.objects.filter(article=article, user=of).first()
    return mine if mine and mine.unsaved and mine.unsaved != newest else None


def forget_unsaved(article: Article, *, by: User) -> None:
    OpenEditor.objects.filter(article=article, user=by).delete()


def others_editing(article: Article, *, user: User, now: dt.datetime) -> list[OpenEditor]:
    """Return who else typed in this article's editor in the last minutes."""
    recent = OpenEditor.objects.filter(article=article, seen_at__gt=now - STILL_OPEN).exclude(user=user)
    return list(recent.select_related("user"))
