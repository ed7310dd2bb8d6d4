"""Slow uploads do not block other requests."""

import threading

import pytest

from clinic import wsgi_middleware
from tests.services import WAIT_TIMEOUT

from .test_security_headers import SAFE

BODY = b"name=Jo"


class Sender:
    """A body that arrives when `send` is set; `reading` is set by its reader."""

    def __init__(self):
        self.reading, self.send = threading.Event(), threading.Event()

    def read(self, size):
        self.reading.set()
        self.send.wait(WAIT_TIMEOUT)
        return BODY[:size]


def application(environ, start_response):
    """Respond with the body of the request."""
    return [b"no place" if wsgi_middleware.NO_SLOT in environ else environ["wsgi.input"].read()]


def post(sender):
    environ = {"CONTENT_LENGTH": str(len(BODY)), "wsgi.input": sender}
    return b"".join(wsgi_middleware.buffer_request_body(application)(environ, None))


def test_three_are_read_at_a_time_and_the_fourth_is_refused_unread():
    slow, read = [Sender() for _ in range(3)], []
    threads = [threading.Thread(target=lambda sender=sender: read.append(post(sender)), daemon=True) for sender in slow]
    for thread in threads:
        thread.start()
    assert all(sender.reading.wait(WAIT_TIMEOUT) for sender in slow)
    fourth = Sender()
    assert (post(fourth), fourth.reading.is_set()) == (b"no place", False)
    for sender in slow:
        sender.send.set()
    for thread in threads:
        thread.join()
    assert read == [BODY] * 3
    fourth.send.set()
    assert post(fourth) == BODY


@pytest.mark.django_db
def test_refusal_has_the_headers_of_every_answer(client):
    response = client.post("/start/", **{wsgi_middleware.NO_SLOT: True})
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "30", "no-store")
    assert {name: response.get(name) for name in SAFE} == SAFE
