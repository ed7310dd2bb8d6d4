"""Every public page, rendered as a reader would get it: a change that one of them cannot bear is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from content import page_rendering, snapshots
from content.evidence.findings import MarkupError
from content.models.articles import Article
from content.models.profile import ClinicProfile
from content.models.texts import LegalText


class PagesBroken(Exception):
    """Raised for a change after which public pages cannot be rendered; `reasons` are sentences for the editor."""

    def __init__(self, failures: dict[str, str]) -> None:
        self.reasons = [f"The page {path} could not be shown any more: {reason}" for path, reason in failures.items()]
        super().__init__("; ".join(self.reasons))


@contextmanager
def keep_pages_rendering() -> Iterator[None]:
    """Run a change of content; undo it and raise PagesBroken if it breaks a page.

    A page is broken if it could be rendered and no longer can, now or once somebody signs it again.
    """
    with transaction.atomic():
        failed_before = failures() | failures_when_signed_again()
        yield
        after = failures() | failures_when_signed_again()
        if broken := {path: reason for path, reason in after.items() if path not in failed_before}:
            raise PagesBroken(broken)


def failures() -> dict[str, str]:
    """Render every public page from the rows that this transaction sees; return path -> reason of those that fail."""
    with timezone.override(None):
        reasons = {path: _failure(path) for path in paths()}
    reasons |= {f"{text.get_absolute_url()} of {text.effective_from}": _text_failure(text) for text in _texts_to_come()}
    return {path: reason for path, reason in reasons.items() if reason}


def paths() -> list[str]:
    """Return the path of each public page that exists: those without a parameter, articles and legal texts."""
    values: dict[tuple[str, ...], list[dict[str, str]]] = {
        (): [{}],
        ("slug",): [{"slug": slug} for slug in Article.objects.published().articles().values_list("slug", flat=True)],
        ("kind",): [{"kind": kind} for kind in LegalText.objects.published().values_list("kind", flat=True).distinct()],
    }
    return [
        reverse(route.name, kwargs=kwargs)
        for route in _public_routes()
        for kwargs in values.get(tuple(route.pattern.converters), [])
        if route.name
    ]


def _texts_to_come() -> QuerySet[LegalText]:
    """Return the legal texts that are published and not in effect yet."""
    return LegalText.objects.filter(effective_from__gt=timezone.localdate())


def _text_failure(text: LegalText) -> str:
    try:
        page_rendering.get_pages(text, clinic=ClinicProfile.current())
    except MarkupError as error:
        return "; ".join(map(str, error.findings))
    return ""


def failures_when_signed_again() -> dict[str, str]:
    """Return path -> reason of each published page that could not be signed off again with the rows of today."""
    reasons, profile, rows = {}, ClinicProfile.objects.first(), snapshots.current_rows()
    if profile is None:
        return {}
    for article in Article.objects.published().select_related("author", "live_revision"):
        words = article.live_revision.words if article.live_revision else article.words
        try:
            state = snapshots.current_state(words, author=article.author, rows=rows, profile=profile)
            page_rendering.build_from_state(state)
        except MarkupError as error:
            reasons[article.get_absolute_url()] = "; ".join(map(str, error.findings))
    return reasons


def _public_routes() -> Iterator[URLPattern]:
    for part in get_resolver().url_patterns:
        if isinstance(part, URLResolver) and not str(part.pattern):
            yield from (route for route in part.url_patterns if isinstance(route, URLPattern))


def _failure(path: str) -> str:
    """Return why the page cannot be rendered; empty if it can."""
    match, site = resolve(path), urlsplit(settings.SITE_URL)
    request = HttpRequest()
    request.method, request.path, request.path_info, request.resolver_match = "GET", path, path, match
    request.META = {"SERVER_NAME": site.hostname, "SERVER_PORT": str(site.port or 443), "REMOTE_ADDR": "127.0.0.1"}
    request.user = AnonymousUser()
    try:
        with transaction.atomic():
            response = match.func(request, *match.args, **match.kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()
            return "" if response.status_code < 500 else f"it answers {response.status_code}."
    except Http404:
        return ""
    except MarkupError as error:
        return "; ".join(map(str, error.findings))
    except Exception as error:
        return f"{type(error).__name__}."
