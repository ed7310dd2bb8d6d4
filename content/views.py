"""The public pages: no cookie, nothing personal, the same bytes for everyone."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from . import pages
from .models import Article, ClinicProfile, LegalText, Person

public = cache_control(public=True, max_age=60, stale_while_revalidate=600)


@require_safe
@public
def landing(request: HttpRequest) -> HttpResponse:
    article = get_object_or_404(Article.objects.published().select_related("author"), kind=Article.Kind.LANDING)
    page = pages.build(title=article.title, summary=article.summary, body=article.body, profile=ClinicProfile.current())
    team = Person.objects.filter(on_landing_page=True)
    return render(request, "content/landing.html", {"article": article, "page": page, "team": team})


@require_safe
@public
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone that puts the site on its home screen shows."""
    return render(request, "site.webmanifest", content_type="application/manifest+json")


@require_safe
@public
def learn(request: HttpRequest) -> HttpResponse:
    articles = Article.objects.published().articles().select_related("author")
    return render(request, "content/learn.html", {"articles": articles})


@require_safe
@public
def article(request: HttpRequest, slug: str) -> HttpResponse:
    articles = Article.objects.published().articles().select_related("author", "reviewer")
    article = get_object_or_404(articles, slug=slug)
    page = pages.build(title=article.title, summary=article.summary, body=article.body, profile=ClinicProfile.current())
    return render(request, "content/article.html", {"article": article, "page": page})


@require_safe
@public
def text(request: HttpRequest, kind: str) -> HttpResponse:
    text = get_object_or_404(LegalText.objects.current(kind)[:1])
    page = pages.build(title=text.title, summary=text.summary, body=text.body, profile=ClinicProfile.current())
    return render(request, "content/text.html", {"text": text, "page": page})
