"""An exact counter in the database, the same for every process and machine."""

import datetime as dt
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from clinic.lib import normalization

from .models import RateLimitCounter

GLOBAL = "everyone"  # all clients together: a flood from many addresses is one flood

EXPIRES_AFTER = dt.timedelta(days=2)  # after this, a window counts for nothing


class RateLimitExceeded(Exception):
    """More than allowed; it is allowed again in `wait` seconds. `first` is true once, when the limit is passed."""

    def __init__(self, wait: int, *, first: bool = False) -> None:
        super().__init__(f"allowed again in {wait} s")
        self.wait = wait
        self.first = first


def hit(scope: str, who: str, *, limit: int, per: dt.timedelta, now: dt.datetime) -> None:
    """Counts one more of `scope` by `who`; raises TooMany from the one after `limit` in the same window on.

    Windows are `per` long and begin at whole multiples of it. One statement counts and answers, so that no two
    processes can both believe that they were the last one allowed. PostgreSQL need not wait for its disk to keep a
    count (everybody else would wait for that row too): what a crash of it forgets is a second's worth.
    """
    seconds = int(per.total_seconds())
    window = dt.datetime.fromtimestamp(now.timestamp() // seconds * seconds, dt.UTC)
    table = connection.ops.quote_name(RateLimitCounter._meta.db_table)
    alone = connection.vendor == "postgresql" and not connection.in_atomic_block  # or a deed would not be kept either
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {table} (key, "window", count) VALUES (%s, %s, 1) '  # noqa: S608  (a name of our own)
            f'ON CONFLICT (key, "window") DO UPDATE SET count = {table}.count + 1 RETURNING count'
            + (", set_config('synchronous_commit', 'off', true)" if alone else ""),
            [_key(scope, who), connection.ops.adapt_datetimefield_value(window)],
        )
        count = cursor.fetchone()[0]
    if count > limit:
        raise RateLimitExceeded(int((window + per - now).total_seconds()) + 1, first=count == limit + 1)


def reset(scope: str, who: str) -> None:
    """Counts from nought again: what was counted turned out to be right."""
    RateLimitCounter.objects.filter(key=_key(scope, who)).delete()


def _key(scope: str, who: str) -> str:
    """One mailbox is one bucket, however its owner or somebody else dots or tags it."""
    return salted_hmac(
        "signups.ops.rate_limit", f"{scope}:{normalization.canonical_mailbox(who)}", algorithm="sha256"
    ).hexdigest()


def client_ip(request: HttpRequest) -> str:
    """What our own outermost proxy saw, counted from the right: what stands left of it, anybody can write."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXY_COUNT
    seen: str = hops[-trusted] if 0 < trusted <= len(hops) else request.META.get("REMOTE_ADDR", "")
    return seen


def delete_expired(clock: Callable[[], dt.datetime]) -> int:
    """For the worker: deletes the counts of windows long over; how many there were."""
    deleted, _ = RateLimitCounter.objects.filter(window__lt=clock() - EXPIRES_AFTER).delete()
    return deleted


def client_key(request: HttpRequest) -> str:
    """The bucket of whoever asks: the address; of IPv6 its /64, which is what one subscriber has."""
    try:
        address = ip_address(client_ip(request))
    except ValueError:
        return "unknown"
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)
