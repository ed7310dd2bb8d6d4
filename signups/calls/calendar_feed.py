"""iCalendar feed of a host's calls (RFC 5545)."""

import datetime as dt

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from signups.hosts import links as host_links
from signups.offer import current_offer
from signups.scheduling import icalendar_invites
from signups.web.decorators import token_view

from .choices import CallStatus
from .emails import host_entry

FEED_PAST_DAYS = dt.timedelta(days=30)  # how long cancelled and past calls stay in the feed


@token_view
@require_safe
def host_feed(request: HttpRequest, token: str) -> HttpResponse:
    """Return the feed of the token's host; the lead appears only by initials."""
    host = host_links.host_from_feed_token(token)
    since = timezone.now() - FEED_PAST_DAYS
    off = Q(status=CallStatus.CANCELLED)
    calls = host.calls.filter((off & Q(changed_at__gte=since)) | (~off & Q(ends_at__gte=since)))
    entries = [host_entry(call, stamp=call.changed_at) for call in calls.select_related("lead")]
    text = icalendar_invites.render_feed(entries, name=f"Calls for {current_offer().clinic_name}")
    return HttpResponse(text, content_type="text/calendar; charset=utf-8")
