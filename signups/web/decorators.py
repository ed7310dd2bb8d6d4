"""View decorators for rate limiting and private links."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from signups.leads import links as lead_links
from signups.leads.locking import LeadUnavailable
from signups.ops import rate_limit


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

    A replaced link is answered with an explanatory 410 page.
    """

    @csrf_exempt
    @token_view
    @wraps(view)
    def wrapper(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            lead = lead_links.lead_from_portal_token(token)
        except lead_links.TokenExpired:
            return render(request, "portal/link_replaced.html", {"token": token}, status=410)
        return view(request, lead, token, *args, **kwargs)

    return wrapper


def token_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer InvalidToken and LeadUnavailable with 404, and disable caching.

    `clinic/middleware/security_headers.py` keeps the URL out of referrers. Such views are exempt from the CSRF check:
    the unguessable URL is itself the secret that a forger lacks, and under `no-referrer` browsers send `Origin: null`,
    which Django's check would refuse.
    """

    @wraps(view)
    @never_cache
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except (
            lead_links.InvalidToken,
            LeadUnavailable,
        ):  # (merged or erased while the request was in flight)
            raise Http404 from None

    return wrapper
