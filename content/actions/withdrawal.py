"""Withdrawal and renaming of published articles."""

import datetime as dt

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction

from content import page_rendering
from content.evidence import rules
from content.evidence.sentences import Passage
from content.models.articles import Article, ArticleRedirect

from . import history
from .exceptions import EditorialError


@transaction.atomic
def withdraw_article(article: Article, *, reason: str, by: User, now: dt.datetime) -> None:
    """Take a published article down at once; its address shows `reason` from now on.

    No second person is needed. Publishing it again needs a new sign-off. Raises EditorialError.
    """
    article = Article.objects.select_for_update().get(pk=article.pk)
    if article.withdrawn_at or not article.published_at:
        raise EditorialError(["Only a page that readers can see can be withdrawn."])
    article.withdrawn_at, article.withdrawn_by, article.withdrawal_reason = now, by, _checked_reason(reason)
    article.scheduled_for = article.scheduled_by = None
    article.save()
    history.record_change(article, f"Withdrawn: {article.withdrawal_reason}", by=by, now=now)


def _checked_reason(reason: str) -> str:
    """Return the reason in one line. Raises EditorialError for words that no page may show."""
    text = " ".join(reason.split())
    if not text:
        raise EditorialError(["Say why: readers see the reason at the page’s address."])
    if found := list(rules.check_wording(Passage(text, ((0, 0),)), page_rendering.ledger())):
        raise EditorialError([finding.message for finding in found])
    return text


@transaction.atomic
def rename_article(article: Article, *, slug: str, by: User, now: dt.datetime) -> None:
    """Give an article another address; the old one redirects to it for good. Raises EditorialError."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    if article.kind == Article.Kind.LANDING:
        raise EditorialError(["The landing page has no address of its own to change."])
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise EditorialError(error.messages) from error
    taken = ArticleRedirect.objects.filter(slug=slug).exclude(article=article).exists()
    if taken or Article.objects.filter(slug=slug).exists():
        raise EditorialError([f"Another page has, or had, the address “{slug}”."])
    old = article.slug
    article.redirects.filter(slug=slug).delete()
    if article.published_at:
        ArticleRedirect.objects.create(slug=old, article=article)
    article.slug = slug
    article.save()
    history.record_change(article, f"Renamed from {old} to {slug}.", by=by, now=now)
