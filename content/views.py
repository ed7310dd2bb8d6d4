"""Public pages: no cookies, nothing personal, identical for every visitor."""

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from content.evidence import citation_formats
from content.evidence.findings import MarkupError
from content.models.articles import Article
from content.models.profile import ClinicProfile
from content.models.texts import LegalText

from . import feeds, page_rendering, previews, sitemaps, structured_data

public = cache_control(public=True, max_age=60, stale_while_revalidate=600)
DOWNLOADS = [
    ("sources.bib", "BibTeX"),
    ("sources.ris", "RIS"),
    ("sources.json", "CSL-JSON"),
    ("claims.json", "Statements and their evidence"),
]


@require_safe
@public
def landing(request: HttpRequest) -> HttpResponse:
    article = get_object_or_404(Article.objects.published(), kind=Article.Kind.LANDING)
    return render(request, "content/landing.html", _page_context(article))


@require_safe
@public
def learn(request: HttpRequest) -> HttpResponse:
    articles, clinic = Article.objects.published().articles(), ClinicProfile.current()
    pages = page_rendering.get_pages(*articles, clinic=clinic)
    return render(request, "content/learn.html", {"articles": zip(articles, pages, strict=True), "clinic": clinic})


@require_safe
@public
def article(request: HttpRequest, slug: str) -> HttpResponse:
    article = _published_article(slug)
    corrections = article.corrections.all()
    return render(
        request, "content/article.html", {**_page_context(article), "corrections": corrections, "downloads": DOWNLOADS}
    )


def _published_article(slug: str) -> Article:
    return get_object_or_404(Article.objects.published().articles(), slug=slug)


def _page_context(article: Article) -> dict[str, object]:
    [page] = page_rendering.get_pages(article, clinic=ClinicProfile.current())
    data = structured_data.json_ld_for(article, page)
    return {"article": article, "page": page, "clinic": page.clinic, "json_ld": data}


def _download_view(
    render_works: Callable[[list[citation_formats.Work]], str], content_type: str
) -> Callable[..., HttpResponse]:
    """Return a view that serves the sources of an article as a file.

    `render_works` makes its content.
    """

    @require_safe
    @public
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        [page] = page_rendering.get_pages(_published_article(slug), clinic=ClinicProfile.current())
        return HttpResponse(render_works([cited.source for cited in page.sources]), content_type=content_type)

    return view


sources_bib = _download_view(citation_formats.bibtex, "application/x-bibtex; charset=utf-8")
sources_ris = _download_view(citation_formats.ris, "application/x-research-info-systems; charset=utf-8")
sources_json = _download_view(citation_formats.csl_json, "application/vnd.citationstyles.csl+json")


@require_safe
@public
def claims_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Serve the claims of an article with evidence, sources and places."""
    article = _published_article(slug)
    url = settings.SITE_URL + article.get_absolute_url()
    [page] = page_rendering.get_pages(article, clinic=ClinicProfile.current())
    return JsonResponse({"article": url, "claims": page.statements(url)})


@require_safe
@public
def legal_text(request: HttpRequest, kind: str) -> HttpResponse:
    text = get_object_or_404(LegalText.objects.current(kind)[:1])
    [page] = page_rendering.get_pages(text, clinic=ClinicProfile.current())
    return render(request, "content/text.html", {"text": text, "page": page, "clinic": page.clinic})


@require_safe
@public
def feed(request: HttpRequest) -> HttpResponse:
    return HttpResponse(feeds.render_atom(), content_type="application/atom+xml; charset=utf-8")


@require_safe
@public
def sitemap(request: HttpRequest) -> HttpResponse:
    return render(request, "sitemap.xml", {"addresses": sitemaps.addresses()}, content_type="application/xml")


@require_safe
@public
def robots(request: HttpRequest) -> HttpResponse:
    return render(request, "robots.txt", content_type="text/plain; charset=utf-8")


@require_safe
@public
def manifest(request: HttpRequest) -> HttpResponse:
    """Serve the web app manifest."""
    return render(request, "site.webmanifest", content_type="application/manifest+json")


@require_safe
@never_cache
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """Show a draft to holders of the link; neither cached nor indexed."""
    try:
        article, text = previews.article_from_token(token)
        context = previews.preview_context(article, text, layout="content/preview.html")
        response = render(request, previews.preview_template(article), context)
    except previews.InvalidToken:
        raise Http404 from None
    except (previews.TokenExpired, MarkupError):
        response = render(request, "content/preview_over.html", status=410)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
