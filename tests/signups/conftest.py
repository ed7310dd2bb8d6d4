import datetime as dt

import pytest

from signups.web import timed_token
from tests import mail_server as tests_mail_server

NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)  # past, also for processes with a clock of their own


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def mail_server(settings):
    """Mail goes to a real server on this machine instead of Django's list."""
    with tests_mail_server.running() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        yield server


@pytest.fixture
def post_start(client, time_machine):
    """Posts the trial form as a browser would: rendered a minute before it is sent."""

    def post(stamp=None, url="/start/", at=NOW, **changed):
        if stamp is None:
            time_machine.move_to(at - dt.timedelta(minutes=1), tick=False)
            stamp = timed_token.new_token()
        time_machine.move_to(at, tick=False)
        data = {
            "stamp": stamp,
            "aq_7": "",
            "name": "Jo Miller",
            "email": "jo@example.com",
            "state": "NY",
            "preferred_channel": "email",
            "phone": "",
            "best_time": "any",
            "time_zone": "America/New_York",
            "terms": "on",
            "privacy": "on",
            **changed,
        }
        return client.post(url, {name: value for name, value in data.items() if value is not None})

    return post
