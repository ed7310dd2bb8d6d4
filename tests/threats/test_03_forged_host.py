"""The site's name is its own: a forged one is refused or ignored, and never reaches a message."""

import pytest

from signups.messages.models import OutboxMessage

from .conftest import rows

pytestmark = pytest.mark.django_db


def test_forged_host_is_refused(send):
    assert send("/start/", {"HTTP_HOST": "evil.example"}).status_code == 400
    assert rows() == [0] * 5


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_HOST", "HTTP_X_HOST", "HTTP_FORWARDED"])
def test_forwarded_host_is_ignored(send, settings, header):
    response = send("/start/", {header: "evil.example"})
    message = OutboxMessage.objects.get()
    assert (response.status_code, response["Location"]) == (303, "/start/check-your-email/")
    assert (settings.SITE_URL in message.text, "evil" in message.text + message.html) == (True, False)
