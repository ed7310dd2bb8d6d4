"""The public forms, sent as a browser sends them and as nobody should."""

import datetime as dt

import pytest

from signups.audit.models import AuditEvent
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from signups.trials.models import Trial
from signups.trials.waitlist_models import WaitlistEntry
from signups.web import timed_token
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW

START = {
    "name": "Jo Miller",
    "email": "jo@example.com",
    "state": "NY",
    "preferred_channel": "email",
    "phone": "",
    "best_time": "any",
    "time_zone": "America/New_York",
    "terms": "on",
    "privacy": "on",
}
CALLBACK = {
    "name": "Jo Miller",
    "phone": "(212) 555-0123",
    "time_zone": "America/New_York",
    "best_time": "any",
    "topic": "program",
    "calls": "on",
}
FORMS = {
    "/start/": START,
    "/callback/": CALLBACK,
    "/start/elsewhere/": {"name": "Jo Miller", "email": "jo@example.com", "state": "TX"},
    "/lost-link/": {"email": "jo@example.com"},
}


@pytest.fixture
def stamp(time_machine):
    """Of a page that was rendered a minute before NOW, which it is from here on."""
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    stamp = timed_token.new_token()
    time_machine.move_to(NOW, tick=False)
    return stamp


@pytest.fixture
def send(clinic, client, stamp):
    """send("/start/", name="…"): the form there with these values; `headers` are WSGI's."""

    def send(path, headers=None, **changed):
        data = {"stamp": stamp, "aq_7": "", **FORMS[path], **changed}
        return client.post(path, {name: value for name, value in data.items() if value is not None}, **(headers or {}))

    return send


@pytest.fixture
def lead(clinic, time_machine):
    """Somebody whose trial runs."""
    time_machine.move_to(NOW, tick=False)
    return TrialFactory(requested_at=NOW, started_at=NOW, lead__email="ann@example.com", lead__name="Ann Secret").lead


@pytest.fixture
def urls(lead, settings):
    """Each private address of `lead`, by what it is for."""
    made = {
        "my": lead_links.portal_url(lead),
        "confirm": lead_links.confirmation_url(lead),
        "stop": lead_links.unsubscribe_url(lead),
    }
    return {name: url.removeprefix(settings.SITE_URL) for name, url in made.items()}


def rows():
    """How much was accepted so far."""
    return [model.objects.count() for model in (Lead, Trial, WaitlistEntry, AuditEvent, OutboxMessage)]
