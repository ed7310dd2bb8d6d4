"""The counter: exact, for the right client, and forgetting in time."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import RequestFactory

from signups.messages.models import OutboxMessage
from signups.ops import rate_limit
from signups.ops.models import RateLimitCounter
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def allowed(who="jo@example.com", *, limit=3, at=NOW):
    try:
        rate_limit.hit("test", who, limit=limit, per=HOUR, now=at)
    except rate_limit.RateLimitExceeded as error:
        return error.wait
    return True


def test_the_one_after_the_limit_waits_for_the_next_window():
    at = NOW + dt.timedelta(minutes=20)
    assert [allowed(at=at) for _ in range(4)] == [True, True, True, 40 * 60 + 1]
    assert allowed(at=NOW + HOUR) is True


def test_hits_count_in_turn_up_to_the_first_above_its_limit():
    hits = [rate_limit.Hit(scope, "jo@example.com", limit, HOUR) for scope, limit in (("a", 5), ("b", 1), ("c", 9))]
    rate_limit.hit_in_turn(hits, now=NOW)
    with pytest.raises(rate_limit.RateLimitExceeded) as refused:
        rate_limit.hit_in_turn(hits, now=NOW)
    assert (refused.value.who, refused.value.first) == ("jo@example.com", True)
    counts = dict(RateLimitCounter.objects.values_list("key", "count"))
    assert [counts[rate_limit.bucket_key(hit.scope, hit.who)] for hit in hits] == [2, 2, 1]


def test_one_mailbox_is_one_bucket():
    for who in ("jo.m@example.com", "JoM@example.com", "jom+x@example.com"):
        assert allowed(who) is True
    assert allowed("j.o.m@example.com") is not True
    assert allowed("jon@example.com") is True


def test_no_address_is_stored():
    allowed("jo@example.com")
    assert re.fullmatch("[0-9a-f]{64}", RateLimitCounter.objects.get().key)


@pytest.mark.django_db(transaction=True)
def test_count_is_exact_when_many_ask_at_once():
    def ask(_):
        try:
            return allowed(limit=20) is True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(60))) == 20


@pytest.mark.postgresql
def test_counting_within_a_deed_leaves_the_deed_as_durable_as_it_was():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        allowed()
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_count_of_its_own_waits_for_no_disk_and_nothing_after_it_is_affected(django_assert_num_queries):
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        with django_assert_num_queries(1) as counted:
            allowed()
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
        cursor.execute("RESET synchronous_commit")
    assert "set_config('synchronous_commit', 'off', true)" in counted[0]["sql"]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        (0, "", "203.0.113.9"),
        (0, "198.51.100.1", "203.0.113.9"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "203.0.113.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
        (1, "::ffff:c633:6401", "198.51.100.1"),
        (1, "198.51.100.1:4711", "198.51.100.1"),
        (1, "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
        (1, "[::ffff:198.51.100.1]:443", "198.51.100.1"),
        (1, "fe80::1%eth0", "fe80::/64"),
        (1, "rubbish", "unknown"),
    ],
)
def test_client_is_the_one_our_own_proxy_saw(settings, proxies, forwarded, client):
    settings.TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR=forwarded)
    assert rate_limit.client_key(request) == client


def test_flood_from_one_client_is_told_when_to_come_back(clinic, post_start):
    codes = [post_start(email=f"jo{n}@example.com").status_code for n in range(61)]
    assert codes == [303] * 60 + [429]
    response = post_start()
    assert response["Retry-After"] == "3601"
    assert b"Please try again later" in response.content
    assert OutboxMessage.objects.count() == 60


def test_flood_on_one_mailbox_is_stopped(clinic, post_start):
    codes = [post_start(email=f"j{'.' * (n > 0)}o+{n}@example.com").status_code for n in range(11)]
    assert codes == [303] * 10 + [429]


@pytest.mark.django_db
def test_only_the_first_refusal_of_a_window_is_the_first():
    def refusal():
        with pytest.raises(rate_limit.RateLimitExceeded) as refused:
            rate_limit.hit("first", "a", limit=1, per=dt.timedelta(minutes=1), now=NOW)
        return refused.value.first

    rate_limit.hit("first", "a", limit=1, per=dt.timedelta(minutes=1), now=NOW)
    assert [refusal(), refusal()] == [True, False]
