"""`send_test` sends one message of each kind, and says what came of it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from signups.messages import kinds
from signups.messages.models import OutboxMessage
from tests.signups.conftest import mail_server
from tests.signups.messages.test_texts import NUMBER, provider

__all__ = ["mail_server", "provider"]

pytestmark = pytest.mark.django_db


def ran(*args):
    out = StringIO()
    call_command("send_test", *args, stdout=out)
    return out.getvalue()


def test_every_kind_of_mail_arrives_and_nothing_is_stored(clinic, mail_server):
    said = ran("me@example.com")
    of_mail = [kind.value for kind in kinds.registered() if "email" in kind.channels]
    assert said.splitlines()[: len(of_mail)] == [f"{value}: accepted" for value in of_mail]
    assert "dig +short TXT _dmarc.harbor.example" in said
    assert len(mail_server.messages) == len(of_mail)
    for message in mail_server.messages:
        assert message["Subject"].strip().startswith("[Test] ")
        assert message["To"] == "me@example.com"
        text = message.get_body(["plain"]).get_content()
        assert len(text) > 50
        assert "None" not in text
    assert not OutboxMessage.objects.exists()


def test_every_kind_of_text_arrives(clinic, provider):
    said = ran(NUMBER)
    of_text = [kind.value for kind in kinds.registered() if "text" in kind.channels]
    assert said.splitlines() == [f"{value}: accepted" for value in of_text]
    assert {form["To"] for form in provider.texts} == {NUMBER}


def test_refusal_is_named_and_ends_in_failure(clinic, mail_server):
    mail_server.answer = lambda message: "550 5.7.1 not signed"
    with pytest.raises(CommandError, match="1 of 1 were refused"):
        ran("me@example.com", "--kind", "my_link")


def test_kind_without_a_text_is_refused(clinic):
    with pytest.raises(CommandError, match="not sent by text"):
        ran(NUMBER, "--kind", "my_link")
