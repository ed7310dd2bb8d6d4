"""Calling back what was shown to people without an account."""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction

from content.models.articles import Article

from . import history


@transaction.atomic
def revoke_previews(article: Article, *, by: User, now: dt.datetime) -> None:
    """Every preview link given out so far stops working."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    article.preview_version += 1
    article.save()
    history.record_change(article, "Called back the preview links.", by=by, now=now)
