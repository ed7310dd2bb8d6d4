"""However slowly bodies come in, one thread of the server stays free to answer pages.

nginx hands bodies over whole and gives up on who sends too slowly (`deploy/nginx/`). Without it, four slow senders
would hold the four threads that answer everybody: granian's read waits as long as a sender likes, and cannot be ended.
"""

import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

READING = threading.BoundedSemaphore(3)  # of the four threads with which granian is started
PATIENCE = 0.05  # seconds: a body that is there is read in less than one of these
NO_PLACE = "clinic.no_place"


def read_apart(application: WSGIApplication) -> WSGIApplication:
    """The application gets bodies that were read already. What finds no place to be read is marked, and left unread."""

    def wrapper(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdigit() and 0 < int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:  # more is refused unread
            if READING.acquire(timeout=PATIENCE):
                try:
                    environ = {**environ, "wsgi.input": BytesIO(environ["wsgi.input"].read(int(length)))}
                finally:
                    READING.release()
            else:
                environ = {**environ, "CONTENT_LENGTH": "", NO_PLACE: True}
        return application(environ, start_response)

    return wrapper


def refuse_without_place(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: such a request is a 503 with the headers of every answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if NO_PLACE in request.META:
            return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "30"})
        return get_response(request)

    return middleware
