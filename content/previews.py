"""A draft as readers would see it: for its editors, and by a private link for people without an account."""

import copy
import datetime as dt
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

from content.models.articles import Article, Text
from content.models.people import Person
from content.models.profile import ClinicProfile
from content.models.revisions import Revision

from . import page_rendering

SALT = "content.previews"
LIFETIME = dt.timedelta(days=7)


class InvalidToken(Exception):
    """Not a link we ever gave out: the same as an address that does not exist."""


class TokenExpired(Exception):
    """A link of ours that no longer works: too old, called back, or of words that have changed since."""


def preview_url(article: Article, revision: Revision) -> str:
    """The absolute address that shows `revision` for a week, until the text changes or the links are called back."""
    token = signing.dumps([article.slug, article.preview_version, revision.content_hash[:16]], salt=SALT)
    return settings.SITE_URL + reverse("preview", args=[token])


def article_from_token(token: str) -> tuple[Article, Revision]:
    """What the link shows. Raises Unknown or Over."""
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
    return "content/landing.html" if article.kind == Article.Kind.LANDING else "content/article.html"


def preview_context(article: Article, text: Text, *, layout: str) -> dict[str, Any]:
    """What the page's template needs to show `text` within `layout`. Raises MarkupError."""
    shown = copy.copy(article)
    for name, value in text.words.items():
        setattr(shown, name, value)
    page = page_rendering.build_page(
        title=text.title, summary=text.summary, body=text.body, profile=ClinicProfile.current()
    )
    return {
        "article": shown,
        "page": page,
        "team": Person.objects.filter(on_landing_page=True),
        "corrections": article.corrections.all(),
        "layout": layout,
    }
