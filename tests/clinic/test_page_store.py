"""The page store: what it serves, what it never keeps, and how it follows a change."""

import contextlib
import gzip
import uuid

import brotli
import pytest
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, close_old_connections, transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters

from clinic import page_store
from clinic.page_store import PageStore
from content import editions
from content.models import Article, Edition
from signups import links, terms
from tests import factories

pytestmark = pytest.mark.django_db

PUBLIC = [("Cache-Control", "public, max-age=60"), ("Content-Type", "text/html")]


class Site:
    """A little WSGI application: `pages` by path, each (status, headers, body); and how often it was asked."""

    def __init__(self, **pages):
        self.pages = {"/": ("200 OK", PUBLIC, b"<p>Hello</p>" * 50), **pages}
        self.asked = []

    def __call__(self, environ, start_response):
        self.asked.append(environ["PATH_INFO"])
        status, headers, body = self.pages.get(environ["PATH_INFO"], ("404 Not Found", [], b"nothing"))
        start_response(status, list(headers))
        return [body]


def store_of(site, paths=("/",), edition=lambda: 1):
    store = PageStore(site, edition=edition, paths=lambda: paths, background=False)
    store.refresh()
    site.asked.clear()
    return store


def ask(store, path="/", method="GET", **environ):
    """(status, headers, body) as a server would get them."""
    told = []

    def start(status, headers, exc_info=None):
        told.extend([status, headers])

    body = b"".join(store({**page_store.visit(path), "REQUEST_METHOD": method, **environ}, start))
    return told[0], dict(told[1]), body


def test_stored_page_is_served_without_asking_django():
    site = Site()
    status, headers, body = ask(store_of(site))
    assert (status, body, site.asked) == ("200 OK", b"<p>Hello</p>" * 50, [])
    assert headers["Cache-Control"] == "public, max-age=60"
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", ""),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("*", "br"),
        ("*;q=0", ""),
        ("*;q=0, gzip", "gzip"),
        ("identity", ""),
        ("identity;q=1, br;q=0.5", ""),
        ("br ; q=1.0 , gzip", "br"),
        ("BR", "br"),
        ("br;q=nonsense", ""),
        ("deflate", ""),
    ],
)
def test_coding_is_the_one_the_client_likes_best(accepted, coding):
    _, headers, body = ask(store_of(Site()), HTTP_ACCEPT_ENCODING=accepted)
    read = {"": lambda data: data, "br": brotli.decompress, "gzip": gzip.decompress}[coding]
    assert (headers.get("Content-Encoding", ""), read(body)) == (coding, b"<p>Hello</p>" * 50)


def test_each_coding_has_a_tag_of_its_own():
    store = store_of(Site())
    tags = {ask(store, HTTP_ACCEPT_ENCODING=coding)[1]["ETag"] for coding in ("", "br", "gzip")}
    assert len(tags) == 3


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ("{tag}", "304 Not Modified"),
        ("W/{tag}", "304 Not Modified"),
        ('"other", {tag}', "304 Not Modified"),
        ("*", "304 Not Modified"),
        ('"other"', "200 OK"),
        ("garbage", "200 OK"),
        ("", "200 OK"),
    ],
)
def test_client_that_has_the_page_gets_no_body(known, status):
    store = store_of(Site())
    tag = ask(store)[1]["ETag"]
    answered, headers, body = ask(store, HTTP_IF_NONE_MATCH=known.format(tag=tag))
    assert (answered, headers["ETag"], body == b"") == (status, tag, status.startswith("304"))
    assert headers["Cache-Control"] == "public, max-age=60"


def test_head_is_get_without_a_body():
    store = store_of(Site())
    assert ask(store, method="HEAD") == (*ask(store)[:2], b"")


@pytest.mark.parametrize(
    "environ",
    [
        {"method": "POST"},
        {"method": "OPTIONS"},
        {"QUERY_STRING": "source=x"},
        {"HTTP_COOKIE": "sessionid=1"},
        {"HTTP_AUTHORIZATION": "Basic x"},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": ""},
    ],
)
def test_whatever_could_ask_for_more_goes_to_django(environ):
    site = Site()
    ask(store_of(site), **environ)
    assert site.asked == ["/"]


def test_range_is_ignored():
    status, headers, _ = ask(store_of(Site()), HTTP_RANGE="bytes=0-3")
    assert (status, "Accept-Ranges" in headers) == ("200 OK", False)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("404 Not Found", PUBLIC),
        ("301 Moved", PUBLIC),
        ("200 OK", [("Cache-Control", "no-store")]),
        ("200 OK", []),
        ("200 OK", [*PUBLIC, ("Set-Cookie", "a=b")]),
        ("200 OK", [*PUBLIC, ("Vary", "Cookie")]),
        ("200 OK", [*PUBLIC, ("Content-Security-Policy", "script-src 'nonce-abc'")]),
        ("200 OK", [("Cache-Control", "public, max-age=9, immutable")]),
    ],
)
def test_what_is_not_for_everyone_is_never_stored(status, headers):
    site = Site(**{"/x/": (status, headers, b"private")})
    store = store_of(site, ("/x/",))
    assert ask(store, "/x/")[0] == status
    assert (dict(store.pages), store.wanted) == ({}, set())


def test_page_that_was_asked_for_is_stored_next_time():
    site = Site(**{"/new/": ("200 OK", PUBLIC, b"new")})
    store = store_of(site)
    assert ask(store, "/new/")[2] == b"new"
    assert ask(store, "/new/")[2] == b"new"
    assert site.asked == ["/new/", "/new/"]
    store.refresh()
    site.asked.clear()
    assert (ask(store, "/new/")[2], site.asked) == (b"new", [])


def test_change_reaches_every_stored_page():
    editions_seen = iter([1, 2])
    site = Site(**{"/gone/": ("200 OK", PUBLIC, b"old")})
    store = store_of(site, ("/", "/gone/"), edition=lambda: next(editions_seen))
    site.pages["/"] = ("200 OK", PUBLIC, b"changed")
    del site.pages["/gone/"]
    assert ask(store)[2] != b"changed"
    store.refresh()
    assert (ask(store)[2], ask(store, "/gone/")[0]) == (b"changed", "404 Not Found")


def test_page_in_which_nothing_changed_is_not_compressed_again():
    editions_seen = iter([1, 2, 3])
    site = Site(**{"/same/": ("200 OK", PUBLIC, b"same")})
    store = store_of(site, ("/", "/same/"), edition=lambda: next(editions_seen))
    before = store.pages
    site.pages["/"] = ("200 OK", PUBLIC, b"changed")
    store.refresh()
    assert [store.pages[path] is before[path] for path in ("/", "/same/")] == [False, True]
    site.pages["/same/"] = ("200 OK", [*PUBLIC, ("X-New", "1")], b"same")
    store.refresh()
    assert ask(store, "/same/")[1]["X-New"] == "1"


def test_nothing_is_rendered_again_without_a_change():
    site = Site()
    store = store_of(site)
    store.refresh()
    assert site.asked == []


def test_pages_outlive_a_lost_database():
    site = Site()
    state = {"edition": 1}

    def edition():
        if state["edition"] is None:
            raise OperationalError("the server is gone")
        return state["edition"]

    store = store_of(site, edition=edition)
    state["edition"] = None
    with pytest.raises(OperationalError):
        store.refresh()
    assert ask(store)[0] == "200 OK"
    # It came back changed, and went away again while the pages were rendered.
    state["edition"] = 2
    site.pages["/"] = ("503 Service Unavailable", [], b"away")
    with pytest.raises(page_store.NotNow):
        store.refresh()
    assert ask(store)[0] == "200 OK"
    site.pages["/"] = ("200 OK", PUBLIC, b"back")
    store.refresh()
    assert ask(store)[2] == b"back"


def test_store_is_bounded(monkeypatch):
    monkeypatch.setattr(page_store, "MOST_PAGES", 2)
    site = Site(**{f"/{n}/": ("200 OK", PUBLIC, b"page") for n in range(4)})
    assert len(store_of(site, tuple(site.pages)).pages) == 2
    monkeypatch.setattr(page_store, "MOST_BYTES", 100)
    assert len(store_of(site, ("/",)).pages) == 0


# With the site itself behind it


def test_every_change_of_content_is_a_new_edition(clinic):
    article = factories.ArticleFactory()
    seen = [editions.current()]
    clinic.name = "Another name"
    clinic.save()
    seen.append(editions.current())
    article.body = "## Another\n\nText."
    article.save()
    seen.append(editions.current())
    factories.SourceFactory()
    seen.append(editions.current())
    factories.LeadFactory()
    assert editions.current() == seen[-1]
    assert len(set(seen)) == len(seen)


def test_what_was_rolled_back_leaves_no_trace_in_the_terms(clinic):
    terms.current()
    with contextlib.suppress(OperationalError), transaction.atomic():
        clinic.trial_days = 90
        clinic.save()
        assert terms.current().trial_days == 90
        raise OperationalError("the server is gone")
    clinic.trial_days = 14
    clinic.save()
    assert terms.current().trial_days == 14


def test_edition_is_one_row(clinic):
    Edition.bump()
    assert Edition.objects.count() == 1


@pytest.fixture
def one_connection():
    """Requests of this test leave its database connection open, as the test client's do."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


def test_all_public_pages_are_stored_and_no_other(clinic, one_connection, time_machine):
    """Walks the URLconf with a real lead's links: what the store keeps is exactly what visitors read."""
    time_machine.move_to("2026-11-20T15:00:00Z", tick=False)  # a link says in which second it was made
    factories.ArticleFactory(kind=Article.Kind.LANDING, slug="landing")
    factories.ArticleFactory(slug="a-page")
    lead = factories.TrialFactory().lead
    values = {
        "slug": "a-page",
        "kind": "terms",
        "my": links.my_url(lead).split("/my/")[1].rstrip("/"),
        "confirm": links.confirm_url(lead).split("/confirm/")[1].rstrip("/"),
    }
    store = PageStore(WSGIHandler(), edition=editions.current, paths=editions.paths, background=False)
    tried = set(every_path(get_resolver(), values))
    for path in tried:
        ask(store, path)
    store.refresh()
    stored = set(store.pages)
    assert set(editions.paths()) <= stored
    private = ("/admin/", "/start/", "/confirm/", "/my/", "/callback/", "/hosts/", "/health/", "/static/", "/preview/")
    private += ("/stop/", "/lost-link/")
    assert [path for path in stored if path.startswith(private)] == []
    assert {f"/my/{values['my']}/", f"/confirm/{values['confirm']}/", "/admin/", "/start/"} <= tried


def every_path(resolver, values, prefix="/"):
    """One address for each pattern, with values that lead somewhere where there are any."""
    for pattern in resolver.url_patterns:
        route = str(pattern.pattern)
        filled = prefix + fill(route.removeprefix("^").removesuffix("$"), pattern.pattern, values)
        if isinstance(pattern, URLResolver):
            yield from every_path(pattern, values, filled)
        elif isinstance(pattern, URLPattern):
            yield filled


def fill(route, pattern, values):
    token = values.get(route.partition("/")[0], "token")
    for name, converter in pattern.converters.items():
        value = str(uuid.UUID(int=0)) if "UUID" in type(converter).__name__ else values.get(name, "1")
        value = token if name == "token" else value
        for kind in get_converters():
            route = route.replace(f"<{kind}:{name}>", value)
        route = route.replace(f"<{name}>", value)
    return route
