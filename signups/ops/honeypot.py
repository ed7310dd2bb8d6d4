"""Count of forms whose hidden field was filled: by scripts, or by programs that fill in forms for people."""

import datetime as dt

from django.db.models import Sum
from django.utils import timezone

from . import rate_limit
from .models import RateLimitCounter

SCOPE, ONE_DAY, NO_LIMIT = "honeypot", dt.timedelta(days=1), 10**9


def record_hit() -> None:
    """Count one form with a filled trap."""
    rate_limit.hit(SCOPE, rate_limit.GLOBAL, limit=NO_LIMIT, per=ONE_DAY, now=timezone.now())


def count_hits() -> int:
    """Return how many were counted yesterday (UTC) and today."""
    counters = RateLimitCounter.objects.filter(key=rate_limit.bucket_key(SCOPE, rate_limit.GLOBAL))
    return int(counters.aggregate(total=Sum("count", default=0))["total"])
