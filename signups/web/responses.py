from django.http import HttpResponse
from django.shortcuts import redirect


def redirect_after_post(to: str, *args: object) -> HttpResponse:
    """Answer a POST with 303 See Other, so that a reload does not resubmit the form.

    (RFC 9110 §15.4.4) `to` is a URL, or the name of a URL pattern with its `args`.
    """
    response = redirect(to, *args)
    response.status_code = 303
    return response
