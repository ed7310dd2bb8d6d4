"""Atom feed (RFC 4287) of new articles, corrections and withdrawals."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from content.evidence.citation_formats import on_one_line
from content.models.articles import Article
from content.models.profile import ClinicProfile

from . import page_rendering

MAX_ENTRIES = 50


def render_atom() -> str:
    """Render the feed with at most MAX_ENTRIES entries, newest first."""
    site, profile = settings.SITE_URL, ClinicProfile.current()
    feed = Atom1Feed(
        title=f"{profile.name}: articles and corrections",
        link=f"{site}{reverse('learn')}",
        description="New articles and corrections.",
        language="en-us",
        feed_url=f"{site}{reverse('feed')}",
        feed_guid=f"{site}{reverse('feed')}",
        author_name=profile.name,
    )
    for entry in sorted(
        [*_entries(profile), *_withdrawals(profile)], key=lambda entry: entry["updateddate"], reverse=True
    )[:MAX_ENTRIES]:
        feed.add_item(**entry)
    return feed.writeString("utf-8")


def _withdrawals(profile: ClinicProfile) -> Iterator[dict[str, Any]]:
    articles = Article.objects.withdrawn().articles()
    for article, page in zip(articles, page_rendering.get_pages(*articles, clinic=profile), strict=True):
        url = settings.SITE_URL + article.get_absolute_url()
        yield {
            "title": f"Withdrawn: {on_one_line(page.title)}",
            "link": url,
            "description": on_one_line(article.withdrawal_reason),
            "unique_id": f"{url}#withdrawn-{article.withdrawn_at:%Y%m%dT%H%M%S%f}",
            "pubdate": article.withdrawn_at,
            "updateddate": article.withdrawn_at,
        }


def _entries(profile: ClinicProfile) -> Iterator[dict[str, Any]]:
    articles = Article.objects.published().articles().prefetch_related("corrections")
    for article, page in zip(articles, page_rendering.get_pages(*articles, clinic=profile), strict=True):
        url, title = settings.SITE_URL + article.get_absolute_url(), on_one_line(page.title)
        yield {
            "title": title,
            "link": url,
            "description": on_one_line(page.summary),
            "unique_id": url,
            "author_name": on_one_line(page.author.name) if page.author else "",
            "pubdate": article.published_at,
            "updateddate": article.updated_at,
        }
        for correction in article.corrections.all():
            yield {
                "title": f"Correction: {title}",
                "link": f"{url}#corrections",
                "description": on_one_line(correction.text),
                "unique_id": f"{url}#correction-{correction.corrected_at:%Y%m%dT%H%M%S%f}",
                "pubdate": correction.corrected_at,
                "updateddate": correction.corrected_at,
            }
