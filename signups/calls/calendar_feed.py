"""iCalendar feed of a host's calls (RFC 5545)."""

import datetime as dt
import hashlib

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from signups.hosts import links as host_links
from signups.offer import current_offer
from signups.scheduling import icalendar_invites
from signups.web.decorators import token_view

from .emails import host_entry

FEED_PAST_DAYS = dt.timedelta(days=30)  # how long past calls stay in the feed


@token_view
@require_safe
def host_feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """Return the feed of the token's host, or 304 when it is unchanged; the lead appears only by initials.

    Cancelled calls are left out: several calendar programs show them as if they stood.
    """
    host = host_links.host_from_feed_token(token)
    calls = host.calls.standing().filter(ends_at__gte=timezone.now() - FEED_PAST_DAYS).order_by("starts_at")
    entries = [host_entry(call, stamp=call.changed_at) for call in calls.select_related("lead")]
    text = icalendar_invites.render_feed(entries, name=f"Calls for {current_offer().clinic_name}")
    etag = quote_etag(hashlib.sha256(text.encode()).hexdigest())
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8", headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=response) or response
