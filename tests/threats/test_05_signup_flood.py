"""One client, one mailbox, or everybody at once: slowed down with a time to come back, and nobody is mail-bombed."""

import datetime as dt
from contextlib import suppress

import pytest
from django.test import Client

from clinic import roles
from signups.messages.models import OutboxMessage
from signups.ops import rate_limit
from signups.web import form_limits, timed_token
from tests.clinic.test_staff_auth import PASSWORD, sign_in
from tests.factories import users
from tests.signups.conftest import NOW

from .conftest import FORMS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("path", "limit"), [("/start/", 60), ("/callback/", 60), ("/lost-link/", 20)])
def test_one_client_is_told_when_to_come_back(send, path, limit):
    codes = [send(path, stamp="forged").status_code for _ in range(limit + 1)]
    assert codes == [422] * limit + [429]
    response = send(path)
    assert (response.status_code, response["Retry-After"]) == (429, "3601")


def test_one_mailbox_is_one_bucket_from_many_clients(send, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    spellings = ["j.o@example.com", "jo+a@example.com", "JO@example.com", "jo@example.com"]
    codes = [
        send("/lost-link/", {"HTTP_X_FORWARDED_FOR": f"198.51.100.{n}"}, email=spellings[n % 4]).status_code
        for n in range(11)
    ]
    assert codes == [303] * 10 + [429]


def test_nobody_is_mail_bombed_through_any_form(send, lead, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    for n in range(8):
        for path in FORMS:
            send(path, {"HTTP_X_FORWARDED_FOR": f"198.51.100.{n}"}, email=lead.email, stamp=fresh())
    assert OutboxMessage.objects.filter(to=lead.email).count() == 6  # three of a kind an hour


def fresh():
    """A stamp of its own, old enough."""
    import datetime as dt

    import time_machine

    from signups.web import timed_token
    from tests.signups.conftest import NOW

    with time_machine.travel(NOW - dt.timedelta(minutes=1), tick=False):
        return timed_token.new_token()


def from_client(number):
    return {"HTTP_X_FORWARDED_FOR": f"10.{number // 250}.{number % 250}.1"}


@pytest.mark.parametrize("path", FORMS)
def test_rubbish_from_many_clients_closes_no_form_for_others(send, settings, path):
    settings.TRUSTED_PROXY_COUNT, settings.PUBLIC_FORM_RATE_LIMIT = 1, 5
    for number in range(40):
        assert send(path, from_client(number), stamp="forged").status_code == 422
        assert send(path, from_client(number), **dict.fromkeys(FORMS[path], "")).status_code == 422
    assert send(path, from_client(99)).status_code == 303


@pytest.mark.parametrize("address", ["198.{}.100.7", "2001:db8:{}::1", "::ffff:198.{}.100.7"])
def test_two_thousand_bad_forms_from_34_addresses_close_nothing_to_others(send, rf, settings, address):
    """Counted as the forms' pages do, for the time it takes; the last of each by its form, with one field filled in."""
    settings.TRUSTED_PROXY_COUNT = 1
    users.UserFactory(username="Sibil", role=roles.COORDINATOR)
    for number in range(2_000):
        request = rf.post("/", HTTP_X_FORWARDED_FOR=address.format(number % 34))
        for scope in ("start", "callback"):
            with suppress(rate_limit.RateLimitExceeded):
                form_limits.count_attempt(scope, request)
    senders = [{"HTTP_X_FORWARDED_FOR": address.format(number)} for number in range(34)]
    for path, field in (("/start/", "email"), ("/callback/", "phone")):
        one_valid = dict.fromkeys(FORMS[path], "") | {field: FORMS[path][field]}
        assert {send(path, sender, **one_valid).status_code for sender in senders[:3]} <= {422, 429}
        assert send(path, {"HTTP_X_FORWARDED_FOR": "203.0.113.7"}).status_code == 303
    for sender in (senders[0], {"HTTP_X_FORWARDED_FOR": "203.0.113.8"}):
        assert sign_in(Client(), PASSWORD, username="Sibil", **sender).status_code == 302


@pytest.mark.parametrize("network", ["192.0.2.{}", "2001:db8:1:{}::1"])
def test_rubbish_from_neighbors_is_one_flood(send, settings, network, monkeypatch):
    settings.TRUSTED_PROXY_COUNT = 1
    monkeypatch.setattr(form_limits, "PER_NETWORK", 1)
    codes = [
        send("/start/", {"HTTP_X_FORWARDED_FOR": network.format(number)}, stamp="forged").status_code
        for number in range(62)
    ]
    assert codes == [422] * 60 + [429] * 2
    assert send("/start/", {"HTTP_X_FORWARDED_FOR": "203.0.113.7"}).status_code == 303


ACCEPTED = [("/start/", "email"), ("/start/elsewhere/", "email"), ("/lost-link/", "email"), ("/callback/", "phone")]


@pytest.mark.parametrize(("path", "field"), ACCEPTED)
def test_when_everybodys_limit_is_reached_people_get_through_more_slowly(send, settings, time_machine, path, field):
    settings.TRUSTED_PROXY_COUNT, settings.PUBLIC_FORM_RATE_LIMIT = 1, 3
    values = [f"(212) 555-01{n:02}" if field == "phone" else f"p{n}@example.com" for n in range(9)]
    codes = [send(path, from_client(n), stamp=fresh(), **{field: values[n]}).status_code for n in range(4)]
    assert codes == [303] * 3 + [429]
    response = send(path, from_client(5), stamp=fresh(), **{field: values[5]})
    assert "wait ten seconds" in response.content.decode()
    stamp = response.context["form"].data["stamp"]
    assert send(path, from_client(5), stamp=stamp, **{field: values[5]}).status_code == 422  # too soon
    time_machine.move_to(NOW + dt.timedelta(seconds=11), tick=False)
    assert send(path, from_client(5), stamp=stamp, **{field: values[5]}).status_code == 303


def test_one_client_gets_a_small_share_of_a_crowded_form(send, settings, time_machine):
    settings.TRUSTED_PROXY_COUNT, settings.PUBLIC_FORM_RATE_LIMIT = 1, 1
    send("/start/", from_client(1))
    codes = []
    for number in range(form_limits.WHEN_CROWDED + 1):
        time_machine.move_to(NOW, tick=False)
        stamp = (
            send("/start/", from_client(2), stamp=fresh(), email=f"q{number}@example.com").context["form"].data["stamp"]
        )
        time_machine.move_to(NOW + dt.timedelta(seconds=11), tick=False)
        codes.append(send("/start/", from_client(2), stamp=stamp, email=f"q{number}@example.com").status_code)
    assert codes == [303] * form_limits.WHEN_CROWDED + [429]


def test_one_mailbox_gets_a_bounded_number_of_mails_a_day(send, lead, settings, time_machine):
    """By every form, by tags, by dots, from ever new clients, hour after hour."""
    settings.TRUSTED_PROXY_COUNT = 1
    for hour in range(24):
        time_machine.move_to(NOW.replace(hour=0) + dt.timedelta(hours=hour, minutes=1), tick=False)
        for number in range(5):
            for path in ("/start/", "/lost-link/", "/start/elsewhere/"):
                stamp = timed_token.new_token()
                time_machine.shift(dt.timedelta(seconds=3))
                client = from_client(hour * 10 + number)
                send(path, client, email=f"a.nn+{hour}.{number}@example.com", stamp=stamp)
    assert 0 < OutboxMessage.objects.filter(to__endswith="@example.com").count() <= form_limits.PER_MAILBOX
