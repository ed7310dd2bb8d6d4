"""Request id for log lines."""

import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="-")


def request_id_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: give each request a random id, which its log lines carry."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request_id.set(secrets.token_hex(4))  # never reset: Django logs a response after the last middleware
        return get_response(request)

    return middleware
