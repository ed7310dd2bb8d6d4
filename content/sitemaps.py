"""Sitemap of all public pages (sitemaps.org, protocol 0.9)."""

import datetime as dt

from django.urls import reverse

from content.models.articles import Article
from content.models.texts import LegalText


def addresses() -> list[tuple[str, dt.datetime | dt.date | None]]:
    """Return (path, last change) of each page.

    The article list changes with its articles.
    """
    published = list(Article.objects.published())
    articles = [article.updated_at for article in published if article.kind == Article.Kind.ARTICLE]
    texts = [text for kind in LegalText.Kind.values for text in LegalText.objects.current(kind)[:1]]
    return [
        *((article.get_absolute_url(), article.updated_at) for article in published),
        (reverse("learn"), max(filter(None, articles), default=None)),
        *((text.get_absolute_url(), text.effective_from) for text in texts),
    ]
