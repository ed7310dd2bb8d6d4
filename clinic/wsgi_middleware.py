"""However slowly bodies come in, one thread of the server stays free to answer pages.

nginx hands bodies over whole and gives up on who sends too slowly (`deploy/nginx/`). Without it, four slow senders
would hold the four threads that answer everybody: granian's read waits as long as a sender likes, and cannot be ended.
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

READING_SLOTS = threading.BoundedSemaphore(3)  # of the four threads with which granian is started
READ_TIMEOUT = 0.05  # seconds: a body that is there is read in less than one of these
NO_SLOT = "clinic.no_place"


def buffer_request_body(application: WSGIApplication) -> WSGIApplication:
    """The application gets bodies that were read already. What finds no place to be read is marked, and left unread."""

    def wrapper(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdigit() and 0 < int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:  # more is refused unread
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
    """Middleware: such a request is a 503 with the headers of every answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if NO_SLOT in request.META:
            return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
        return get_response(request)

    return middleware


def force_utf8(application: WSGIApplication) -> WSGIApplication:
    """Browsers send our forms in UTF-8. A body that claims another coding is marked and its claim taken away: some are
    no codings of text, and Django fails on those while it makes the request, before any middleware could answer."""

    def wrapper(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        charset = parse_header_parameters(environ.get("CONTENT_TYPE", ""))[1].get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            environ = {**environ, "CONTENT_TYPE": "", OTHER_CHARSET: True}
        return application(environ, start_response)

    return wrapper
