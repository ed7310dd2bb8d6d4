"""Preview links."""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction

from content.models.articles import Article

from . import history


@transaction.atomic
def revoke_previews(article: Article, *, by: User, now: dt.datetime) -> None:
    """Invalidate every preview link of the article."""
    article = Article.objects.select_for_update().get(pk=article.pk)
    article.preview_version += 1
    article.save()
    history.record_change(article, "Called back the preview links.", by=by, now=now)
