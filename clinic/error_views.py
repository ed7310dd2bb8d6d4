"""Error views: `handler400` to `handler500`, and pages of their own for the admin."""

import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.views import defaults

# Status -> (heading, text) of an error page in the admin.
ADMIN_ERROR_PAGES = {
    400: ("We could not read that", "The link or form wasn’t valid. Nothing was changed."),
    403: (
        "You cannot open this page",
        "You don’t have permission to view this page. Contact your administrator if you need access.",
    ),
    404: ("We cannot find that page", "The link may be wrong, or the page may have been removed."),
    405: ("Nothing to see here", "This link only works from a button. Go back and try again."),
}


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`; a 503 with `Retry-After` without a database.

    Needs no query.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        headers = {"Retry-After": "30", "Cache-Control": "no-store"}
        return HttpResponse(render_to_string("503.html"), status=503, headers=headers)
    return HttpResponse(render_to_string("500.html"), status=500, headers={"Cache-Control": "no-store"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _admin_error_page(request, 400) or defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _admin_error_page(request, 403) or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _admin_error_page(request, 404) or defaults.page_not_found(request, exception)


def method_not_allowed_page(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: add a page to the 405 responses of the admin."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405 and (page := _admin_error_page(request, 405)):
            response.content = page.content
        return response

    return middleware


def _admin_error_page(request: HttpRequest, status: int) -> HttpResponse | None:
    """Return the admin's error page, rendered without a query; None outside the admin."""
    if not request.path_info.startswith(reverse("admin:index")):
        return None
    title, text = ADMIN_ERROR_PAGES[status]
    return HttpResponse(render_to_string("admin/error.html", {"title": title, "text": text}), status=status)
