"""People who live where the clinic does not work yet: told once, when it does."""

import datetime as dt

import pytest

from signups.consents.models import Consent
from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from signups.trials import waitlist
from signups.trials.models import Trial
from signups.trials.waitlist_models import WaitlistEntry
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def new_york_only(clinic):
    clinic.states = ["NY"]
    clinic.save()
    return clinic


def ask(client, **changed):
    page = client.get("/start/elsewhere/").content.decode()
    stamp = page.split('name="stamp" value="')[1].split('"')[0]
    data = {"stamp": stamp, "aq_7": "", "name": "Jo", "email": "jo@example.com", "state": "TX", **changed}
    return client, data


def tell():
    return waitlist.notify_waitlist(lambda: NOW + dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("state", "heading"),
    [("TX", "We’re not in Texas yet</h1>"), ("ZZ", "We’re only in the U.S. right now</h1>")],
)
def test_who_lives_elsewhere_is_told_kindly_and_nothing_is_kept(new_york_only, post_start, state, heading):
    response = post_start(state=state, terms=None)
    page = response.content.decode()
    assert (response.status_code, heading in page, 'value="jo@example.com"' in page) == (200, True, True)
    assert ("findahelpline.com" in page) is (state == "ZZ")
    assert (Lead.objects.count(), Trial.objects.count()) == (0, 0)


def test_clinic_that_names_no_states_works_everywhere(clinic, post_start):
    assert post_start(state="TX").status_code == 303


def test_message_comes_once_when_the_clinic_opens_there(new_york_only, client, time_machine):
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    client, data = ask(client)
    time_machine.move_to(NOW, tick=False)
    for _ in range(2):
        response = client.post("/start/elsewhere/", data)
        assert (response.status_code, response["Location"]) == (303, "/start/elsewhere/thanks/")
    assert (WaitlistEntry.objects.count(), Consent.objects.count(), tell()) == (1, 0, 0)
    new_york_only.states = ["NY", "TX"]
    new_york_only.save()
    assert [tell(), tell()] == [1, 0]
    (message,) = OutboxMessage.objects.all()
    assert (message.kind, message.to, message.subject) == ("waitlist_opened", "jo@example.com", "We’re open in Texas")
    assert "/my/" not in message.text


def test_refusal_keeps_what_was_typed(new_york_only, client):
    client, data = ask(client, email="jo@")
    response = client.post("/start/elsewhere/", data)
    assert (response.status_code, 'value="jo@"' in response.content.decode()) == (422, True)
    assert Lead.objects.count() == 0
