"""What all private links have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from signups import links


def private_link(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """An unknown link is a 404; the page is not stored, and its address is told to nobody.

    Such views are exempt from the CSRF cookie: the unguessable address is itself what a forger lacks, and under
    `no-referrer` browsers send `Origin: null`, which Django's check would refuse.
    """

    @wraps(view)
    @never_cache
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except links.Unknown:
            raise Http404 from None
        response["Referrer-Policy"] = "no-referrer"
        return response

    return wrapper
