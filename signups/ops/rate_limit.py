"""Exact fixed-window rate limiter, shared by all processes through the database."""

import datetime as dt
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from clinic.lib import normalization

from .models import RateLimitCounter

GLOBAL = "everyone"  # one bucket for all clients, against a flood from many addresses

EXPIRES_AFTER = dt.timedelta(days=2)  # windows older than this are deleted


class RateLimitExceeded(Exception):
    """The rate limit is exceeded; the next hit is allowed in `wait` seconds.

    `first` is true for the first hit above the limit only.
    """

    def __init__(self, wait: int, *, first: bool = False) -> None:
        super().__init__(f"allowed again in {wait} s")
        self.wait = wait
        self.first = first


def hit(scope: str, who: str, *, limit: int, per: dt.timedelta, now: dt.datetime) -> None:
    """Increment the counter of (`scope`, `who`) in the current window.

    Raises RateLimitExceeded above `limit`. Windows are `per` long and begin at whole multiples of it. One statement
    increments and returns the counter, so that two processes cannot both see the last allowed count. On PostgreSQL it
    commits asynchronously, because other requests wait for the same row: a crash loses the hits of about a second.
    """
    seconds = int(per.total_seconds())
    window = dt.datetime.fromtimestamp(now.timestamp() // seconds * seconds, dt.UTC)
    table = connection.ops.quote_name(RateLimitCounter._meta.db_table)
    # Not inside a caller's transaction, whose writes would then be committed asynchronously too.
    own_transaction = connection.vendor == "postgresql" and not connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {table} (key, "window", count) VALUES (%s, %s, 1) '  # noqa: S608  (a name of our own)
            f'ON CONFLICT (key, "window") DO UPDATE SET count = {table}.count + 1 RETURNING count'
            + (", set_config('synchronous_commit', 'off', true)" if own_transaction else ""),
            [bucket_key(scope, who), connection.ops.adapt_datetimefield_value(window)],
        )
        count = cursor.fetchone()[0]
    if count > limit:
        raise RateLimitExceeded(int((window + per - now).total_seconds()) + 1, first=count == limit + 1)


def reset(scope: str, who: str) -> None:
    """Delete the counters of (`scope`, `who`), for example after a success."""
    RateLimitCounter.objects.filter(key=bucket_key(scope, who)).delete()


def bucket_key(scope: str, who: str) -> str:
    """Return the hashed bucket key.

    Variants of one mailbox (dots, tags) share one bucket.
    """
    return salted_hmac(
        "signups.ops.rate_limit", f"{scope}:{normalization.folded_mailbox(who)}", algorithm="sha256"
    ).hexdigest()


def client_ip(request: HttpRequest) -> str:
    """Return the client's address as seen by our outermost trusted proxy.

    `X-Forwarded-For` is counted from the right: anything further left can be forged by the client.
    """
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXY_COUNT
    seen: str = hops[-trusted] if 0 < trusted <= len(hops) else request.META.get("REMOTE_ADDR", "")
    return seen


def delete_expired(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: delete counters of expired windows; return the number deleted."""
    deleted, _ = RateLimitCounter.objects.filter(window__lt=clock() - EXPIRES_AFTER).delete()
    return deleted


def client_key(request: HttpRequest) -> str:
    """Return the rate limit key of the client: its IPv4 address, or its IPv6 /64.

    A /64 is what one subscriber has. "unknown" for an invalid address.
    """
    return _network(request, 32, 64)


def network_key(request: HttpRequest) -> str:
    """Return the rate limit key of the client's neighbors: its IPv4 /24, or its IPv6 /48."""
    return _network(request, 24, 48)


def _network(request: HttpRequest, v4_prefix: int, v6_prefix: int) -> str:
    try:
        address = ip_address(_without_port(client_ip(request)))
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((int(address), v6_prefix), strict=False))  # without its zone
        address = address.ipv4_mapped
    return str(address) if v4_prefix == 32 else str(ip_network((int(address), v4_prefix), strict=False))


def _without_port(address: str) -> str:
    """Return an address without the port that some proxies add: `192.0.2.1:443`, `[2001:db8::1]:443`."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
