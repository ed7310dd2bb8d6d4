"""Public responses: no cookies, compressed, and conditional (304)."""

import gzip
import re
import time
from collections.abc import Callable
from functools import lru_cache

import brotli
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers, set_response_etag

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.compress,
    "gzip": lambda body: gzip.compress(body, mtime=0),
}
# RFC 9110 §12.5.3: a coding is acceptable if it is listed with a weight other than 0.
ACCEPTED = {
    coding: re.compile(rf"(?:^|,)\s*(?:x-)?{coding}\s*(?!;\s*q=0(?:\.0*)?\s*(?:,|$))(?:[;,]|$)", re.IGNORECASE)
    for coding in COMPRESSORS
}


BLOCKS = (
    rb"html|head|meta|link|title|script|body|header|main|footer|nav|section|article|div|p|h[1-6]|ul|ol|li|dl|dt|dd|figure|"
    rb"details|summary|form|fieldset|g|path|circle|rect"
)


def strip_cookies_from_public_responses(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: strip cookies from public responses, compress them, add ETags.

    Django answers an unreadable cookie with one of its own, which a shared cache would pass on to others. Only public
    responses are compressed: they contain no secret that their length could reveal (BREACH).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "public" not in response.get("Cache-Control", ""):
            return response
        response.cookies.clear()
        if response.get("Vary") == "Cookie":
            del response["Vary"]
        patch_vary_headers(response, ["Accept-Encoding"])
        if response.status_code != 200:
            return response
        if settings.TRUSTED_PROXY_COUNT:
            # nginx counts whole seconds, so "1" could mean almost two; this expires with the current second.
            response["X-Accel-Expires"] = f"@{int(time.time())}"
        if response.get("Content-Type", "").startswith("text/html"):
            response.content = collapse_whitespace(response.content)
            response["Content-Length"] = str(len(response.content))
        if coding := preferred_coding(request.headers.get("Accept-Encoding", "")):
            response.content = compress(response.content, coding)
            response["Content-Encoding"] = coding
            response["Content-Length"] = str(len(response.content))
        set_response_etag(response)  # of the encoded bytes, so that each coding has its own strong ETag
        conditional = get_conditional_response(request, etag=response.get("ETag"), response=response)
        return conditional or response

    return middleware


def collapse_whitespace(page: bytes) -> bytes:
    """Return the page without the white space that no reader sees.

    A run becomes one space, and goes between tags of blocks. A page with an element that shows white space stays whole.
    """
    if re.search(rb"<(?:pre|textarea)\b", page):
        return page
    return re.sub(rb">\s(?=</?(?:" + BLOCKS + rb")\b)", b">", re.sub(rb"\s{2,}", b" ", page))


def preferred_coding(accepted: str) -> str:
    """Return "br", "gzip" or "" (identity), by an Accept-Encoding header."""
    return next((coding for coding, pattern in ACCEPTED.items() if pattern.search(accepted)), "")


@lru_cache(maxsize=128)
def compress(body: bytes, coding: str) -> bytes:
    """Compress at the highest level, cached.

    A page rendered again is nearly always the same.
    """
    return COMPRESSORS[coding](body)
