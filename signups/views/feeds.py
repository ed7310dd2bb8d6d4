"""A host's calls, for the calendar on their own phone."""

import datetime as dt

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from signups import links, terms
from signups.calls.emails import host_entry
from signups.scheduling import invitations
from signups.states import CallStatus

from .decorators import private_link

KEPT = dt.timedelta(days=30)  # so long a cancelled call says that it is, and one that is over stays


@private_link
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Who holds the address sees when the host is on a call, and with which initials. Nothing else."""
    host = links.feeding(token)
    since = timezone.now() - KEPT
    off = Q(status=CallStatus.CANCELLED)
    calls = host.calls.filter((off & Q(changed_at__gte=since)) | (~off & Q(ends_at__gte=since)))
    entries = [host_entry(call, stamp=call.changed_at) for call in calls.select_related("lead")]
    text = invitations.feed(entries, name=f"Calls for {terms.current().clinic_name}")
    return HttpResponse(text, content_type="text/calendar; charset=utf-8")
