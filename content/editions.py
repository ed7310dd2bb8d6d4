"""What tells a keeper of rendered pages that they are out of date, and which pages there are."""

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from .models import Article, Edition, LegalText


def current() -> tuple[str | None, int, int, dt.date]:
    """Differs from yesterday's or a moment ago's value whenever a public page might: after a change, and when the
    time of a text comes, at which nobody writes anything. Three small queries."""
    texts = LegalText.objects.filter(published__lte=timezone.localdate())
    return Edition.current_mark(), Article.objects.published().count(), texts.count(), timezone.localdate()


def paths() -> list[str]:
    """The addresses of every page there is to read today."""
    articles = [article.get_absolute_url() for article in Article.objects.published()]
    kinds = LegalText.objects.filter(published__lte=timezone.localdate()).values_list("kind", flat=True).distinct()
    return [*articles, reverse("learn"), *(reverse("text", args=[kind]) for kind in kinds)]
