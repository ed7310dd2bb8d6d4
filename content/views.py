"""Public pages: no cookies, nothing personal, identical for every visitor."""

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import get_text_list
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from clinic.lib import us_states
from content.evidence import citation_formats
from content.evidence.findings import MarkupError
from content.models.articles import Article, ArticleRedirect
from content.models.link_checks import LinkCheck
from content.models.profile import ClinicProfile
from content.models.texts import LegalText

from . import claims_export, evidence_signature, feeds, page_rendering, previews, sitemaps, structured_data

public = cache_control(public=True, max_age=60, stale_while_revalidate=600)
DOWNLOADS = [
    ("sources.bib", "BibTeX"),
    ("sources.ris", "RIS"),
    ("sources.json", "CSL-JSON"),
    ("claims.json", "Statements and their evidence"),
]


def published_article(view: Callable[[HttpRequest, Article], HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate the view of a published article: load it by its slug, or the landing page.

    A withdrawn article answers 410 and says why; an address that an article once had redirects for good.
    """

    @wraps(view)
    @require_safe
    @public
    def wrapper(request: HttpRequest, slug: str = "") -> HttpResponse:
        articles = Article.objects.once_published()
        found = (articles.articles().filter(slug=slug) if slug else articles.filter(kind=Article.Kind.LANDING)).first()
        if found is None and not slug:
            return render(request, "content/landing_pending.html")
        if found is None:
            return _redirect_to_present_address(request, slug)
        if found.withdrawn_at:
            return render(request, "content/withdrawn.html", {"article": found}, status=410)
        return view(request, found)

    return wrapper


def _redirect_to_present_address(request: HttpRequest, slug: str) -> HttpResponse:
    moved = get_object_or_404(ArticleRedirect.objects.select_related("article"), slug=slug)
    match = request.resolver_match
    if match is None or match.url_name is None:
        raise Http404
    return redirect(match.url_name, slug=moved.article.slug, permanent=True)


@published_article
def landing(request: HttpRequest, article: Article) -> HttpResponse:
    served = {"states": _served_states(), "legal_notices": LegalText.objects.notices()}
    return render(request, "content/landing.html", _page_context(article) | served)


def _served_states() -> str:
    """Return the states that the clinic serves today in words, "" for all; a change needs no review of the page."""
    names = sorted(us_states.STATES[code] for code in ClinicProfile.current().states)
    return get_text_list(names, "and").replace(" and", ", and") if len(names) > 2 else get_text_list(names, "and")


@require_safe
@public
def learn(request: HttpRequest) -> HttpResponse:
    articles, clinic = Article.objects.published().articles(), ClinicProfile.current()
    pages = page_rendering.get_pages(*articles, clinic=clinic)
    return render(request, "content/learn.html", {"articles": zip(articles, pages, strict=True), "clinic": clinic})


@published_article
def article(request: HttpRequest, article: Article) -> HttpResponse:
    corrections = article.corrections.all()
    return render(
        request, "content/article.html", {**_page_context(article), "corrections": corrections, "downloads": DOWNLOADS}
    )


def _page_context(article: Article) -> dict[str, object]:
    [page] = page_rendering.get_pages(article, clinic=ClinicProfile.current())
    data = structured_data.json_ld_for(article, page)
    notices = LinkCheck.objects.filter(retraction_notice__gt="").values_list("source__key", "retraction_notice")
    return {"article": article, "page": page, "clinic": page.clinic, "json_ld": data, "notices": dict(notices)}


def _download_view(
    render_works: Callable[[list[citation_formats.Work]], str], content_type: str
) -> Callable[..., HttpResponse]:
    """Return a view that serves the sources of an article as a file.

    `render_works` makes its content.
    """

    @published_article
    def view(request: HttpRequest, article: Article) -> HttpResponse:
        [page] = page_rendering.get_pages(article, clinic=ClinicProfile.current())
        return HttpResponse(render_works([cited.source for cited in page.sources]), content_type=content_type)

    return view


sources_bib = _download_view(citation_formats.bibtex, "application/x-bibtex; charset=utf-8")
sources_ris = _download_view(citation_formats.ris, "application/x-research-info-systems; charset=utf-8")
sources_json = _download_view(citation_formats.csl_json, "application/vnd.citationstyles.csl+json")


@published_article
def claims_json(request: HttpRequest, article: Article) -> HttpResponse:
    """Serve the claims of an article with evidence, sources, places and approvals, signed."""
    [page] = page_rendering.get_pages(article, clinic=ClinicProfile.current())
    return JsonResponse(claims_export.signed_claims(article, page))


@require_safe
@public
def claims_schema(request: HttpRequest) -> HttpResponse:
    """Serve the JSON Schema of `claims.json`."""
    return JsonResponse(claims_export.SCHEMA, content_type="application/schema+json")


@require_safe
@public
def evidence_keys(request: HttpRequest) -> HttpResponse:
    """Serve the public keys of `claims.json` as a JSON Web Key Set (RFC 7517)."""
    return JsonResponse({"keys": evidence_signature.public_keys()}, content_type="application/jwk-set+json")


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
