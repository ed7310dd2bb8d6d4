"""An expired, used or superseded link is a friendly page that offers a new one, and shows nothing."""

import datetime as dt

import pytest

from signups.leads.models import Lead
from signups.messages.models import OutboxMessage
from signups.trials.models import Trial

pytestmark = pytest.mark.django_db


def test_expired_confirmation(client, urls, lead, time_machine):
    Trial.objects.update(started_at=None)
    time_machine.shift(dt.timedelta(hours=49))
    page = client.post(urls["confirm"])
    assert (page.status_code, "Email me a new link" in page.content.decode()) == (410, True)
    assert lead.name not in page.content.decode()
    assert client.post(urls["confirm"] + "again/").status_code == 303
    assert [message.kind for message in OutboxMessage.objects.all()] == ["confirm_trial"]


def test_used_confirmation(client, urls, lead):
    page = client.get(urls["confirm"]).content.decode()
    assert ("You’ve already used this link" in page, lead.name in page) == (True, False)


@pytest.mark.parametrize(("room", "field"), [("my", "portal_token_version"), ("confirm", "confirmation_token_version")])
def test_superseded_link(client, urls, lead, room, field):
    Lead.objects.update(**{field: 2})
    page = client.get(urls[room])
    assert (page.status_code, lead.name in page.content.decode()) == (410, False)
    for deed in ("erase/", "trial/cancel/", "export/", "details/") if room == "my" else ():
        assert client.post(urls["my"] + deed).status_code == 410
    assert Trial.objects.get().cancelled_at is None


def test_typing_an_address_does_not_end_its_owners_links(send, client, urls, lead):
    send("/start/", email=lead.email)
    send("/lost-link/", email=lead.email)
    assert client.get(urls["my"]).status_code == 200
