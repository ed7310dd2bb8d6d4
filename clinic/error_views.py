"""Error views: `handler400` to `handler500`, and pages of their own for the admin."""

import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.csrf import csrf_failure

from signups.web.staff_forms import typed_words

from .desk_pages import page_behind

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


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's `CSRF_FAILURE_VIEW`; in the admin with the way back, and the text that was sent, to copy."""
    if not request.path_info.startswith(reverse("admin:index")):
        return csrf_failure(request, reason)
    context = {
        "title": "Your sign-in has changed since this page was opened",
        "text": "Nothing was saved: the form came from an older sign-in, perhaps in another tab. Open the page again.",
        "back": page_behind(request.path),
        "typed": typed_words(request.POST),
    }
    return HttpResponse(render_to_string("admin/error.html", context), status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _admin_error_page(request, 400) or HttpResponse(render_to_string("400.html"), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _admin_error_page(request, 403) or _public_error_page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _admin_error_page(request, 404) or _public_error_page(request, 404)


def _public_error_page(request: HttpRequest, status: int) -> HttpResponse:
    """Return the error page, without a look at the body: Django's own views read it, and one may be malformed."""
    return HttpResponse(render_to_string(f"{status}.html", request=request), status=status)


def method_not_allowed_page(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: lead the GET of an address of the admin that only takes a POST back to its page.

    Other 405 responses of the admin get a page.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        in_admin = request.path_info.startswith(reverse("admin:index"))
        if response.status_code == 405 and in_admin and request.method == "GET":
            page = page_behind(request.path)
            if page not in (request.path, reverse("admin:index")):
                return redirect(page)
        if response.status_code == 405 and (error_page := _admin_error_page(request, 405)):
            response.content = error_page.content
        return response

    return middleware


def _admin_error_page(request: HttpRequest, status: int) -> HttpResponse | None:
    """Return the admin's error page, rendered without a query; None outside the admin."""
    if not request.path_info.startswith(reverse("admin:index")):
        return None
    title, text = ADMIN_ERROR_PAGES[status]
    typed = typed_words(request.POST) if status == 403 and request.method == "POST" else ""
    context = {"title": title, "text": text, "typed": typed}
    return HttpResponse(render_to_string("admin/error.html", context), status=status)
