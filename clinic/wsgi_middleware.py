"""Buffer request bodies with at most 3 of 4 threads (slow-body DoS).

nginx buffers request bodies and drops slow senders (`deploy/nginx/`). Without it, four slow senders would occupy all
four threads, because granian's `read` has no timeout and cannot be interrupted.
"""

import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.http import parse_header_parameters

from clinic.middleware.request_validation import OTHER_CHARSET

READING_SLOTS = threading.BoundedSemaphore(3)  # of granian's four threads
READ_TIMEOUT = 0.05  # seconds; reading a body that has already arrived takes less
NO_SLOT = "clinic.no_slot"


def buffer_request_body(application: WSGIApplication) -> WSGIApplication:
    """WSGI middleware: read the body before the application runs.

    Without a free slot the request is marked, and its body not read.
    """

    def wrapper(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH", "")
        if (
            length.isdigit() and 0 < int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        ):  # Django rejects a longer one unread
            if READING_SLOTS.acquire(timeout=READ_TIMEOUT):
                try:
                    environ = {**environ, "wsgi.input": BytesIO(environ["wsgi.input"].read(int(length)))}
                finally:
                    READING_SLOTS.release()
            else:
                environ = {**environ, "CONTENT_LENGTH": "", NO_SLOT: True}
        return application(environ, start_response)

    return wrapper


def reject_unbuffered_body(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Django middleware: answer 503 to a request whose body found no slot."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if NO_SLOT in request.META:
            return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
        return get_response(request)

    return middleware


def force_utf8(application: WSGIApplication) -> WSGIApplication:
    """WSGI middleware: mark requests in another charset than UTF-8.

    Drops their `Content-Type`.

    Browsers send the site's forms in UTF-8. Some charsets are no text encodings: Django fails on those while it builds
    the request, before any Django middleware could respond.
    """

    def wrapper(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        charset = parse_header_parameters(environ.get("CONTENT_TYPE", ""))[1].get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            environ = {**environ, "CONTENT_TYPE": "", OTHER_CHARSET: True}
        return application(environ, start_response)

    return wrapper
