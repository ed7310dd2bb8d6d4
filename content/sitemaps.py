"""Every public address, and when what it shows last changed (sitemaps.org, protocol 0.9)."""

import datetime as dt

from django.urls import reverse

from content.models.articles import Article
from content.models.texts import LegalText


def addresses() -> list[tuple[str, dt.datetime | dt.date | None]]:
    """(path, last change) of each page; the list of articles changed when one of them did."""
    shown = list(Article.objects.published())
    articles = [article.updated_at for article in shown if article.kind == Article.Kind.ARTICLE]
    texts = [text for kind in LegalText.Kind.values for text in LegalText.objects.current(kind)[:1]]
    return [
        *((article.get_absolute_url(), article.updated_at) for article in shown),
        (reverse("learn"), max(filter(None, articles), default=None)),
        *((text.get_absolute_url(), text.effective_from) for text in texts),
    ]
