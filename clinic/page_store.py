"""Published pages from memory, in front of Django: the same bytes for everyone, as fast as files.

A page gets in by being rendered through Django and answered as `Cache-Control: public` (see `storable`, the one place
that decides). Only a thread beside the requests renders: it asks twice a second which edition of the content is current
and renders everything anew when it changed, so that no request waits, no old page can slip in after a change, and what
is there keeps being served while the database is away.
"""

import gzip
import hashlib
import io
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import brotli
from django.conf import settings
from django.db import connection
from django.http.request import split_domain_port, validate_host

from .metrics import STORED

logger = logging.getLogger(__name__)

CHECK_EVERY = 0.5  # seconds between two looks at the edition; then pages take about as long to be rendered anew
MOST_PAGES = 500
MOST_BYTES = 32_000_000  # of all pages in all their codings
OWN_HEADERS = ("content-length", "etag", "vary")
OVER_TLS = "https" if settings.SECURE_SSL_REDIRECT else ""
Headers = list[tuple[str, str]]


class NotNow(Exception):
    """Django could not render just now (the database is away): what is stored stays."""


@dataclass(frozen=True)
class Answer:
    """One page in one coding, ready to go out; `etag` is strong and its own (RFC 9110 §8.8.3)."""

    body: bytes
    etag: str
    headers: Headers
    not_modified: Headers


class PageStore:
    """A WSGI application. `edition()` names the state of everything public; `paths()` are rendered from the start."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        edition: Callable[[], object],
        paths: Callable[[], Collection[str]],
        background: bool = True,
    ) -> None:
        self.application = application
        self.edition = edition
        self.paths = paths
        self.pages: dict[str, dict[str, Answer]] = {}
        self.seen: object = None
        self.wanted: set[str] = set()
        self.running = not background
        self.starting = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self.running:
            self._start()
        if not _for_everyone(environ):
            return self.application(environ, start_response)
        page = self.pages.get(environ["PATH_INFO"])
        if page is None:
            return self._ask_django(environ, start_response)
        STORED.inc()
        answer = page[_coding(environ.get("HTTP_ACCEPT_ENCODING", ""))]
        if (known := environ.get("HTTP_IF_NONE_MATCH")) and _matches(known, answer.etag):
            start_response("304 Not Modified", answer.not_modified)
            return []
        start_response("200 OK", answer.headers)
        return [answer.body] if environ["REQUEST_METHOD"] == "GET" else []

    def refresh(self) -> None:
        """Render what changed or was asked for; raises NotNow or a database error, and then keeps what it has."""
        edition = self.edition()
        if edition != self.seen:
            self.pages = self._rendered({*self.paths(), *self.pages})
            self.seen = edition
        elif self.wanted:
            wanted, self.wanted = self.wanted, set()
            self.pages = _bounded({**self.pages, **self._rendered(wanted)})

    def _start(self) -> None:
        """The thread begins with the first request: after the server has forked, in the process that answers."""
        with self.starting:
            if not self.running:
                threading.Thread(target=self._keep_fresh, name="page store", daemon=True).start()
                self.running = True

    def _keep_fresh(self) -> None:
        while True:
            try:
                self.refresh()
            except Exception as error:  # (whatever it is: the pages in memory are better than none)
                logger.warning("the page store keeps what it has: %s", type(error).__name__)
            connection.close()  # back to the pool; a broken one is thrown away
            time.sleep(CHECK_EVERY)

    def _ask_django(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Django's answer; when it is one for everyone, the thread is asked to store it."""

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            if storable(status, headers) and len(self.wanted) < MOST_PAGES:
                self.wanted.add(environ["PATH_INFO"])
            return start_response(status, headers, exc_info)

        return self.application(environ, start)

    def _rendered(self, paths: Collection[str]) -> dict[str, dict[str, Answer]]:
        """Those of `paths` that may be stored."""
        pages = {}
        for path in sorted(paths):
            status, headers, body = render(self.application, path)
            if status >= "500":
                raise NotNow(status)
            if storable(status, headers):
                pages[path] = _answers(headers, body, self.pages.get(path))
        return _bounded(pages)


def storable(status: str, headers: Headers) -> bool:
    """Whether an answer is the same for everyone: its view said `public`, and nothing in it is about one person."""
    told = {name.lower(): value for name, value in headers}
    return (
        status.startswith("200")
        and "public" in told.get("cache-control", "")
        and "set-cookie" not in told
        and told.get("vary", "accept-encoding").lower() == "accept-encoding"
        and "nonce-" not in told.get("content-security-policy", "")
        and "immutable" not in told["cache-control"]  # a static file: whitenoise has those in hand
    )


def render(application: WSGIApplication, path: str) -> tuple[str, Headers, bytes]:
    """(status, headers, body) of `path` as a new visitor gets it."""
    told: list[tuple[str, Headers]] = []

    def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
        told.append((status, headers))

    answer = application(visit(path), start)
    try:
        body = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return *told[-1], body


def visit(path: str) -> WSGIEnvironment:
    """The request of a visitor whom nothing distinguishes, at the site's own address."""
    site = urlsplit(settings.SITE_URL)
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": site.hostname or "",
        "SERVER_PORT": str(site.port or (443 if site.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": site.netloc,
        "HTTP_X_FORWARDED_PROTO": site.scheme,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": site.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _answers(headers: Headers, body: bytes, before: dict[str, Answer] | None) -> dict[str, Answer]:
    """The page in each coding, compressed once and as well as possible; `before` again when nothing changed in it.

    (An edition changes few pages, and compressing takes longer than rendering: readers see the change sooner.)
    """
    shared = [(name, value) for name, value in headers if name.lower() not in OWN_HEADERS]
    shared.append(("Vary", "Accept-Encoding"))
    digest = hashlib.sha256(body).hexdigest()[:32]
    if before and before[""].not_modified == [*shared, ("ETag", f'"{digest}"')]:
        return before
    answers = {}
    for coding, coded in (
        ("", body),
        ("br", brotli.compress(body, quality=11)),
        ("gzip", gzip.compress(body, 9, mtime=0)),
    ):
        etag = f'"{digest}-{coding}"' if coding else f'"{digest}"'
        own = [*shared, ("ETag", etag)]
        encoding = [("Content-Encoding", coding)] if coding else []
        answers[coding] = Answer(coded, etag, [*own, *encoding, ("Content-Length", str(len(coded)))], own)
    return answers


def _bounded(pages: dict[str, dict[str, Answer]]) -> dict[str, dict[str, Answer]]:
    """As many of `pages` as there is room for, those stored longest first; the others stay Django's."""
    kept, room = {}, MOST_BYTES
    for path, answers in list(pages.items())[:MOST_PAGES]:
        room -= sum(len(answer.body) for answer in answers.values())
        if room < 0:
            logger.warning("the page store is full")
            break
        kept[path] = answers
    return kept


def _for_everyone(environ: WSGIEnvironment) -> bool:
    """Whether nothing in the request could ask for more than the page as everybody gets it."""
    return (
        environ["REQUEST_METHOD"] in ("GET", "HEAD")
        and not environ.get("QUERY_STRING")
        and "HTTP_COOKIE" not in environ
        and "HTTP_AUTHORIZATION" not in environ
        and _is_ours(environ.get("HTTP_HOST", ""))
        and (not OVER_TLS or environ.get("HTTP_X_FORWARDED_PROTO", environ["wsgi.url_scheme"]) == OVER_TLS)
    )


@lru_cache(maxsize=256)
def _is_ours(host: str) -> bool:
    """Django's own check of the Host header; what it would refuse is left to it."""
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


@lru_cache(maxsize=1024)
def _coding(accepted: str) -> str:
    """`br`, `gzip` or "" (identity): the one the client likes best, ours in that order when it likes them equally.

    RFC 9110 §12.5.3: weights, `*`, and `q=0` for never. Identity stays ours to give even where it was excluded.
    """
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            weights["gzip" if name == "x-gzip" else name] = float(weight)
        except ValueError:
            weights[name] = 0.0
    others = weights.get("*", 0.0)
    best = max(("br", "gzip"), key=lambda name: weights.get(name, others))
    liking = weights.get(best, others)
    return best if liking > 0 and liking >= weights.get("identity", 0.0) else ""


@lru_cache(maxsize=4096)
def _matches(known: str, etag: str) -> bool:
    """If-None-Match (RFC 9110 §13.1.2): `*` or a list of tags, compared weakly."""
    if known.strip() == "*":
        return True
    return any(tag.strip().removeprefix("W/") == etag for tag in known.split(","))
