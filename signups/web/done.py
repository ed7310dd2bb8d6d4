"""One line after each press that says what happened, carried by the redirect: no cookie, no session.

The key is signed with the time, so that neither a made-up nor a bookmarked address says what is not so.
"""

import datetime as dt

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from .responses import redirect_after_post

SALT = "signups.web.done"
MESSAGE_MAX_AGE = dt.timedelta(minutes=2)
MESSAGES = {
    "details": "Your contact details have been saved.",
    "permissions": "Your permissions have been saved.",
    "trial-canceled": "Your trial has been canceled. You owe us nothing.",
    "trial-resumed": "Your trial is back on.",
    "refund": "Your refund request has been accepted.",
    "callback": "We got your request for a call.",
    "callback-canceled": "The call has been canceled. We will not call you about this.",
    "call-booked": "Your call has been booked.",
    "call-rescheduled": "Your call has been rescheduled.",
    "call-canceled": "Your call has been canceled.",
    "call-emailed": "We’ve emailed you the details of your call again.",
    "waiting-list": "You’re on the waiting list. We’ll email you when an earlier time opens up.",
    "waiting-list-left": "You’re off the waiting list. Your call stays as it is.",
    "earlier-kept": "Your call stays as it is.",
    "number": "Your phone number has been saved.",
    "zone": "Your time zone has been changed.",
    "export": "We’re preparing your file.",
}


def redirect_done(to: str, token: str, key: str, *, fragment: str = "", **query: str) -> HttpResponse:
    """Redirect to the URL pattern `to` of the portal, with `query`, whose page then says `MESSAGES[key]`."""
    if key not in MESSAGES:
        raise KeyError(key)
    signed = signing.TimestampSigner(salt=SALT).sign(key)
    return redirect_after_post(reverse(to, args=[token], query={**query, "done": signed}, fragment=fragment or None))


def done_message(request: HttpRequest) -> dict[str, str]:
    """Context processor: `done`, the line that says what the last press did, or ""."""
    signed = request.GET.get("done", "")
    return {"done": read_message(signed) if signed else ""}


def read_message(signed: str) -> str:
    """Return the message of a signed key, "" for an old or forged one."""
    try:
        return MESSAGES.get(signing.TimestampSigner(salt=SALT).unsign(signed, max_age=MESSAGE_MAX_AGE), "")
    except signing.BadSignature:
        return ""
