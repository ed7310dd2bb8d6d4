"""Give each request an id for its log lines."""

import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="-")


def request_id_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: every line that a request causes carries the same random word."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request_id.set(secrets.token_hex(4))  # until the next one: Django writes its line after the last middleware
        return get_response(request)

    return middleware
