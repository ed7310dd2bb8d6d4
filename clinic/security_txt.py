"""`/.well-known/security.txt`: where to report a vulnerability (RFC 9116)."""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from content.models.profile import ClinicProfile


@require_safe
@cache_control(public=True, max_age=3600)
def security_txt(request: HttpRequest) -> HttpResponse:
    """Return the file with the clinic's mailbox as contact."""
    lines = [
        f"Contact: mailto:{ClinicProfile.current().mailbox}",
        f"Expires: {_expires(timezone.now()):%Y-%m-%dT%H:%M:%SZ}",
        f"Canonical: {settings.SITE_URL}/.well-known/security.txt",
        "Preferred-Languages: en",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _expires(now: dt.datetime) -> dt.datetime:
    """Return 183 days after the start of the month.

    Below the year of RFC 9116 §2.5.5, and stable for caches.
    """
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=183)
