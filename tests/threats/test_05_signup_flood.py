"""One client, one mailbox, or everybody at once: slowed down with a time to come back, and nobody is mail-bombed."""

import pytest

from signups.messages.models import OutboxMessage

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


@pytest.mark.parametrize("path", FORMS)
def test_flood_from_many_clients_is_one_flood(send, settings, path):
    settings.TRUSTED_PROXY_COUNT, settings.PUBLIC_FORM_RATE_LIMIT = 1, 5
    codes = [send(path, {"HTTP_X_FORWARDED_FOR": f"10.0.0.{n}"}, stamp="forged").status_code for n in range(6)]
    assert codes == [422] * 5 + [429]
