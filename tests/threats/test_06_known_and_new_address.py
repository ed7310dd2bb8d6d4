"""Nobody learns from an answer whether somebody is with us."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db


def kinds(queries):
    """What was asked of the database, as verbs: its work, without its words."""
    return {query["sql"].split()[0] for query in queries}


@pytest.mark.parametrize("path", ["/start/", "/start/elsewhere/", "/lost-link/"])
def test_answers_are_the_same_to_the_byte(send, lead, client, path):
    known = send(path, email=lead.email)
    new = send(path, email="new@example.com")
    for response in (known, new):
        assert (response.status_code, response.content, response.cookies) == (303, b"", {})
    assert known.headers == new.headers
    assert client.get(known["Location"]).content == client.get(new["Location"]).content


def test_both_write_and_neither_is_answered_from_memory(send, lead):
    """Both do the same kinds of work, so that neither is much the quicker."""
    asked = []
    for email in (lead.email, "new@example.com"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            send("/start/", email=email)
        asked.append(kinds(queries.captured_queries) - {"UPDATE"})
    assert asked[0] == asked[1]
