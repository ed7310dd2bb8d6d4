"""Previews of drafts: for editors, and by private link for people without account."""

import copy
import datetime as dt
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

from content.models.articles import Article, Text
from content.models.profile import ClinicProfile
from content.models.revisions import Revision

from . import page_rendering, snapshots

SALT = "content.previews"
LIFETIME = dt.timedelta(days=7)


class InvalidToken(Exception):
    """Raised for a token that the site never issued; shown as a 404."""


class TokenExpired(Exception):
    """Raised for a token that is too old, revoked or of another text."""


def preview_url(article: Article, revision: Revision) -> str:
    """Return the absolute URL of a preview of `revision`.

    Valid for LIFETIME, until the text changes or the links are revoked.
    """
    token = signing.dumps([article.slug, article.preview_version, revision.content_hash[:16]], salt=SALT)
    return settings.SITE_URL + reverse("preview", args=[token])


def article_from_token(token: str) -> tuple[Article, Revision]:
    """Resolve a token to its revision. Raises InvalidToken or TokenExpired."""
    try:
        slug, version, fingerprint = signing.loads(token, salt=SALT)
        article = Article.objects.select_related("author").get(slug=slug)
    except (signing.BadSignature, Article.DoesNotExist):
        raise InvalidToken from None
    newest = article.revisions.latest()
    if version != article.preview_version or not newest.content_hash.startswith(fingerprint):
        raise TokenExpired
    try:
        signing.loads(token, salt=SALT, max_age=LIFETIME)
    except signing.SignatureExpired:
        raise TokenExpired from None
    return article, newest


def preview_template(article: Article) -> str:
    """Return the template name of the article's public page."""
    return "content/landing.html" if article.kind == Article.Kind.LANDING else "content/article.html"


def preview_context(article: Article, text: Text, *, layout: str) -> dict[str, Any]:
    """Return the template context that shows `text` in `layout`. Raises MarkupError."""
    preview = copy.copy(article)
    for name, value in text.words.items():
        setattr(preview, name, value)
    profile = ClinicProfile.current()
    state = snapshots.current_state(text.words, author=article.author, rows=snapshots.current_rows(), profile=profile)
    page = page_rendering.build_from_state(state)
    return {
        "article": preview,
        "page": page,
        "clinic": page.clinic,
        "corrections": article.corrections.all(),
        "layout": layout,
    }
