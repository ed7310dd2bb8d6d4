"""Nobody learns from an answer, nor from how long it takes, whether somebody is with us."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from signups.leads.choices import LeadStatus
from signups.messages.models import OutboxMessage
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/start/", "/start/elsewhere/", "/lost-link/"])
def test_answers_are_the_same_to_the_byte(send, lead, client, path):
    known = send(path, email=lead.email)
    new = send(path, email="new@example.com")
    for response in (known, new):
        assert (response.status_code, response.content, response.cookies) == (303, b"", {})
    assert known.headers == new.headers
    assert client.get(known["Location"]).content == client.get(new["Location"]).content


def work(send, path, **changed):
    """How many queries an answer took, and how many messages it wrote."""
    before = OutboxMessage.objects.count()
    with CaptureQueriesContext(connection) as queries:
        assert send(path, **changed).status_code == 303
    return len(queries), OutboxMessage.objects.count() - before


def test_lost_link_of_somebody_known_unknown_or_asked_for_too_often_is_the_same_work(send, lead):
    """This form leaves no trace of who was asked about, so it can be asked again and again, and measured."""
    work(send, "/lost-link/", email=lead.email)  # what a process reads once is read
    known = [work(send, "/lost-link/", email=lead.email) for _ in range(3)]
    assert [messages for _, messages in known] == [1, 1, 0]
    unknown, messages = work(send, "/lost-link/", email="new@example.com")
    assert messages == 0
    undoing = 1  # ROLLBACK TO SAVEPOINT
    assert [queries for queries, _ in known] == [unknown - undoing, unknown - undoing, unknown]


def test_signing_up_known_or_new_writes_one_event_and_one_message(send, lead):
    """Each new address can be tried once, since it is known from then on: nobody can average over many tries."""
    work(send, "/start/", email="first@example.com")
    called = TrialFactory(requested_at=NOW, started_at=NOW, lead__status=LeadStatus.CONTACTED).lead
    known, worked, new = (work(send, "/start/", email=email) for email in (lead.email, called.email, "new@example.com"))
    assert (known[1], worked[1], new[1]) == (1, 1, 1)
    assert known[0] == worked[0] == new[0]
