"""Names, addresses and links stay out of query strings, logs, referrers, error pages and other sites."""

import logging
import re

import pytest

from tests.clinic.test_security_headers import ADDRESSES

from .conftest import FORMS, START

pytestmark = pytest.mark.django_db

SECRETS = ("Zebulon", "zebulon@example.com", "555-0123", "from Kim")
TOLD = {
    "name": "Zebulon Quill",
    "email": "zebulon@example.com",
    "phone": "(212) 555-0123",
}


def logged(caplog):
    """As our handler would write it."""
    from clinic.log_redaction import RedactPathFilter

    lines = []
    for record in caplog.records:
        RedactPathFilter().filter(record)
        lines.append(record.getMessage())
    return "\n".join(lines)


@pytest.mark.parametrize("path", FORMS)
def test_forms_send_nothing_in_the_address(clinic, client, path):
    form = re.search(r"<form[^>]*>", client.get(path).content.decode())
    assert 'method="post"' in form[0].lower()


def test_nothing_typed_reaches_the_log(send, caplog):
    caplog.set_level(logging.DEBUG)
    send("/start/", **TOLD)
    send("/start/", **{**TOLD, "email": "zebulon@"})
    assert [secret for secret in SECRETS if secret in logged(caplog)] == []


def test_error_page_and_its_log_say_nothing(send, client, caplog, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("signups.trials.forms.request_trial", lambda **_: 1 / 0)
    response = send("/start/", **TOLD)
    assert response.status_code == 500
    said = response.content.decode() + "\n".join(record.getMessage() for record in caplog.records)
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize("room", ["my", "confirm", "stop"])
def test_private_address_is_told_to_nobody(client, urls, caplog, room):
    token = urls[room].split("/")[2]
    responses = [client.get(urls[room]), client.get(urls[room][:-2] + "x/")]
    assert token not in logged(caplog)
    for response in responses[:1]:
        assert response["Referrer-Policy"] == "no-referrer"
        elsewhere = re.findall(r'(?:src|href|action)="(https?://[^"]+)"', response.content.decode())
        assert [url for url in elsewhere if not url.startswith("http://127.0.0.1")] == []


def test_nor_is_it_by_an_error(client, urls):
    path = urls["my"] + "details/"
    long = client.post(path, "name=" + "x" * 200_000, content_type="application/x-www-form-urlencoded")
    answers = [client.get(urls["my"] + "zzz/"), client.post(path, {"name": ["A", "B"]}), long]
    assert [answer.status_code for answer in answers] == [404, 400, 400]
    assert {answer["Referrer-Policy"] for answer in answers} == {"no-referrer"}


def test_every_private_address_is_told_to_nobody(client, clinic):
    private = [path for _, path in ADDRESSES if "/x/" in path or "/x." in path]
    assert len(private) > 20
    assert [path for path in private if client.get(path)["Referrer-Policy"] != "no-referrer"] == []


def test_every_field_that_is_asked_is_known_here():
    """A new field of the form must be looked at here too."""
    assert set(TOLD) <= set(START)
