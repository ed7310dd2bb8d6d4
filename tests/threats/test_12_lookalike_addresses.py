"""An address that only looks like somebody's is not theirs, and mail goes to the stored one alone."""

import pytest

from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("email", ["\u212aim@example.com", "j\u043e@example.com", "jo\u200b@example.com"])
def test_letters_before_the_at_are_plain(send, email):
    assert (send("/start/", email=email).status_code, Lead.objects.count()) == (422, 0)


def test_domain_of_other_letters_is_another_domain(send, lead):
    spoof = lead.email.replace("example", "ex\u0430mple")  # a Cyrillic a
    assert send("/start/", email=spoof).status_code == 303
    assert Lead.objects.count() == 2
    assert Lead.objects.latest("pk").email_key == "ann@xn--exmple-4nf.com"


def test_domain_that_was_another_one_in_older_programs_is_asked_for_in_plain_letters(send, mailoutbox):
    """In IDNA of 2003, which Django sends by, faß.de is fass.de, and that is somebody else's."""
    refused = send("/start/", email="jo@faß.de")
    assert (refused.status_code, "We cannot send email to that address." in refused.content.decode()) == (422, True)
    assert Lead.objects.count() == 0
    send("/start/", email="jo@xn--fa-hia.de")
    assert delivery.deliver_due(lambda: NOW) == 1
    assert mailoutbox[0].message()["To"] == "jo@xn--fa-hia.de"


def test_link_asked_for_with_another_spelling_goes_to_the_stored_address(send, lead):
    send("/lost-link/", email=lead.email.upper())
    assert [message.to for message in OutboxMessage.objects.all()] == [lead.email]
