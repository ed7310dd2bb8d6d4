"""What a shared cache may keep belongs to nobody."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def public_means_public(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a page for everyone sets no cookie, whatever a client sent. (Django answers a cookie it cannot read
    with one of its own, which a cache would hand to others.)"""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "public" in response.get("Cache-Control", ""):
            response.cookies.clear()
            if response.get("Vary") == "Cookie":
                del response["Vary"]
        return response

    return middleware
