"""View decorators for rate limiting and private links."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from signups.leads import links as lead_links
from signups.leads.locking import LeadUnavailable
from signups.ops import rate_limit

from . import form_limits

NEVER_REFUSED = "is_never_refused"
AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)


def rate_limited(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Turn RateLimitExceeded into a 429 page with `Retry-After` in seconds.

    (RFC 6585 §4, RFC 9110 §10.2.3)
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except rate_limit.RateLimitExceeded as error:
            minutes = -(-error.wait // 60)
            response = render(request, "429.html", {"minutes": minutes}, status=429)
            response["Retry-After"] = str(error.wait)
            return response

    return wrapper


def portal_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Resolve a portal token and call the view with its lead and the token.

    A replaced link is answered with an explanatory 410 page, and one that is cut off with a 404 that offers another.
    A POST counts against the link's daily bound, unless the view is `never_refused`.
    """
    is_bounded = not getattr(view, NEVER_REFUSED, False)

    @csrf_exempt
    @token_view
    @rate_limited
    @wraps(view)
    def wrapper(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            lead = lead_links.lead_from_portal_token(token)
        except lead_links.TokenExpired:
            return render(request, "portal/link_replaced.html", {"token": token}, status=410)
        except lead_links.InvalidToken:
            return render(request, "portal/link_invalid.html", status=404)
        if is_bounded and request.method == "POST":
            form_limits.count_link_use(lead)
        return view(request, lead, token, *args, **kwargs)

    return wrapper


def never_refused(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Mark a view, below `portal_view`, that ends what a counted change began: ending it is always possible."""
    setattr(view, NEVER_REFUSED, True)
    return view


def post_only(*, back: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Lead a GET of an address that only takes a POST to the page `back` of the same token.

    People get there by the back button, a bookmark or a copied address. Goes below `portal_view` or `token_view`.
    """

    def decorator(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return redirect(back, kwargs.get("token") or args[-1])
            return require_POST(view)(request, *args, **kwargs)

        return wrapper

    return decorator


def token_view(view: Callable[..., AnyResponse]) -> Callable[..., AnyResponse]:
    """Answer InvalidToken and LeadUnavailable with 404, and disable caching.

    `clinic/middleware/security_headers.py` keeps the URL out of referrers. Such views are exempt from the CSRF check:
    the unguessable URL is itself the secret that a forger lacks, and under `no-referrer` browsers send `Origin: null`,
    which Django's check would refuse.
    """

    @wraps(view)
    @never_cache
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> AnyResponse:
        try:
            return view(request, *args, **kwargs)
        except (
            lead_links.InvalidToken,
            LeadUnavailable,
        ):  # (merged or erased while the request was in flight)
            raise Http404 from None

    return wrapper
