"""Exact fixed-window rate limiter, shared by all processes through the database."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from clinic.lib import normalization

from .models import RateLimitCounter

GLOBAL = "everyone"  # one bucket for all clients, against a flood from many addresses

EXPIRES_AFTER = dt.timedelta(days=2)  # windows older than this are deleted
COUNTERS = RateLimitCounter._meta.db_table
INCREMENT = (
    f'INSERT INTO {COUNTERS} AS counter (key, "window", count) {{}} '
    'ON CONFLICT (key, "window") DO UPDATE SET count = counter.count + 1 RETURNING count'
)


class RateLimitExceeded(Exception):
    """The rate limit of `who` is exceeded; the next hit is allowed in `wait` seconds.

    `first` is true for the first hit above the limit only.
    """

    def __init__(self, wait: int, *, who: str = "", first: bool = False) -> None:
        super().__init__(f"allowed again in {wait} s")
        self.wait = wait
        self.who = who
        self.first = first


@dataclass(frozen=True)
class Hit:
    """One more of `scope` by `who`, at most `limit` in each window of `per`."""

    scope: str
    who: str
    limit: int
    per: dt.timedelta

    def window(self, now: dt.datetime) -> dt.datetime:
        """Return the start of the current window: a whole multiple of `per`."""
        seconds = int(self.per.total_seconds())
        return dt.datetime.fromtimestamp(now.timestamp() // seconds * seconds, dt.UTC)


def hit(scope: str, who: str, *, limit: int, per: dt.timedelta, now: dt.datetime) -> None:
    """Increment the counter of (`scope`, `who`) in the current window. Raises RateLimitExceeded above `limit`."""
    hit_in_turn([Hit(scope, who, limit, per)], now=now)


def hit_in_turn(hits: Sequence[Hit], *, now: dt.datetime) -> None:
    """Increment each counter in turn, up to the first one that is above its limit. Raises RateLimitExceeded for it.

    One statement increments and returns a counter, so that two processes cannot both see the last allowed count. On
    PostgreSQL one statement does all of them, and commits asynchronously, because other requests wait for the same
    rows: a crash loses the hits of about a second.
    """
    count = _count_at_once if connection.vendor == "postgresql" else _count_each
    for one, counted in zip(hits, count(hits, now), strict=False):
        if counted > one.limit:
            wait = int((one.window(now) + one.per - now).total_seconds()) + 1
            raise RateLimitExceeded(wait, who=one.who, first=counted == one.limit + 1)


def _parameters(one: Hit, now: dt.datetime) -> list[Any]:
    return [bucket_key(one.scope, one.who), connection.ops.adapt_datetimefield_value(one.window(now))]


def _count_each(hits: Sequence[Hit], now: dt.datetime) -> Iterator[int]:
    with connection.cursor() as cursor:
        for one in hits:
            cursor.execute(INCREMENT.format("VALUES (%s, %s, 1)"), _parameters(one, now))
            yield cursor.fetchone()[0]


def _count_at_once(hits: Sequence[Hit], now: dt.datetime) -> list[int]:
    """Return the counters of those that were incremented: each after the first, if the one before is in its limit."""
    steps = [f"c0 AS ({INCREMENT.format('VALUES (%s, %s::timestamptz, 1)')})"]
    for n, before in enumerate(hits[:-1]):
        within = f"SELECT %s, %s::timestamptz, 1 FROM c{n} WHERE count <= {int(before.limit)}"  # noqa: S608
        steps.append(f"c{n + 1} AS ({INCREMENT.format(within)})")
    counted = " UNION ALL ".join(f"SELECT {n} AS n, count FROM c{n}" for n in range(len(hits)))  # noqa: S608
    # Not inside a caller's transaction, whose writes would then be committed asynchronously too.
    alone = "" if connection.in_atomic_block else ", set_config('synchronous_commit', 'off', true)"
    sql = f"WITH {', '.join(steps)} SELECT count{alone} FROM ({counted}) counted ORDER BY n"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for one in hits for value in _parameters(one, now)])
        return [row[0] for row in cursor.fetchall()]


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
