"""A line break in a name is refused, and no name stands in a header of a message."""

import pytest

from signups.messages import email_builder
from signups.messages.models import OutboxMessage

from .conftest import rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/start/", "/callback/", "/start/elsewhere/"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\u0085"])
def test_line_break_is_refused(send, path, end):
    response = send(path, name=f"Jo{end}Bcc: victim@example.com")
    if end == "\u0085":  # a control character, which is taken out
        assert response.status_code == 303
    else:
        assert (response.status_code, rows()) == (422, [0] * 5)


def test_no_header_names_the_person(send):
    send("/start/", name="Zebulon Quill")
    mail = email_builder.build_email(OutboxMessage.objects.get()).message()
    assert "Zebulon" not in "".join(f"{name}: {value}" for name, value in mail.items())
