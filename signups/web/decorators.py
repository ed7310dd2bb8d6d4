"""What all private links have in common."""

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
    """Too much of it is a 429 page that says when to come back (RFC 6585 §4, RFC 9110 §10.2.3)."""

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
    """A page of one person, called with their lead and the token; a replaced link is a friendly 410."""

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
    """An unknown link is a 404; the page is not stored. (`clinic/middleware/security_headers.py` keeps its address.)

    Such views are exempt from the CSRF cookie: the unguessable address is itself what a forger lacks, and under
    `no-referrer` browsers send `Origin: null`, which Django's check would refuse.
    """

    @wraps(view)
    @never_cache
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except (
            lead_links.InvalidToken,
            LeadUnavailable,
        ):  # (gone this very moment, while what they sent was on its way)
            raise Http404 from None

    return wrapper
