"""What people write to us waits for staff, on one page and on theirs."""

import uuid

import pytest

from clinic import roles
from signups.audit.choices import AuditAction
from signups.messages.inbound_models import InboundMessage
from signups.messages.models import OutboxMessage
from tests.factories.leads import LeadFactory
from tests.factories.messages import InboundMessageFactory
from tests.factories.users import UserFactory
from tests.signups.conftest import NOW
from tests.signups.messages.test_texts import texting_lead

pytestmark = pytest.mark.django_db

REPLIES = "/admin/signups/lead/replies/"


@pytest.fixture
def user(client, clinic):
    user = UserFactory(role=roles.COORDINATOR, username="robin")
    client.force_login(user)
    return user


def page(client, lead):
    return client.get(f"/admin/signups/lead/{lead.pk}/change/").content.decode()


def test_reply_is_counted_listed_and_on_their_page_until_somebody_handles_it(client, user):
    message = InboundMessageFactory(text="When do <b>you</b> open?", subject="Hours")
    assert "<strong>1</strong> Replies to read" in client.get("/admin/").content.decode()
    listed = client.get(REPLIES).content.decode()
    assert "When do &lt;b&gt;you&lt;/b&gt; open?" in listed
    assert "Their email: Hours (not handled yet)" in page(client, message.lead)
    assert client.post(f"{REPLIES}{message.pk}/handle/").status_code == 303
    assert "Nothing to read." in client.get(REPLIES).content.decode()
    assert "not handled yet" not in page(client, message.lead)
    message.refresh_from_db()
    assert message.handled_by == user
    assert message.lead.events.filter(action=AuditAction.REPLY_HANDLED, actor=user).count() == 1


@pytest.mark.parametrize(
    ("channel", "request_", "words"),
    [
        ("email", "erase", "They may want their data deleted."),
        ("email", "stop", "They may want no more email."),
        ("text", "stop", "Their texts have been stopped."),
    ],
)
def test_reply_that_asks_for_something_says_what_to_do(client, user, channel, request_, words):
    InboundMessageFactory(channel=channel, request=request_)
    assert words in client.get(REPLIES).content.decode()


@pytest.mark.parametrize("who", ["Jo@Example.com", "212 555 0123"])
def test_message_of_an_unknown_sender_is_added_to_a_page(client, user, who):
    lead = LeadFactory(email="jo@example.com", phone="1", phone_e164="+12125550123")
    message = InboundMessageFactory(lead=None)
    assert client.post(f"{REPLIES}{message.pk}/assign/", {"who": who}).status_code == 303
    message.refresh_from_db()
    assert message.lead == lead
    assert "A question" in page(client, lead)


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("nobody@example.com", "No lead has this"),
        ("+13105550199", "More than one lead has this"),
        ("", "No lead has"),
        ("?", "No lead has"),
    ],
)
def test_sender_who_is_nobody_here_is_not_guessed(client, user, who, words):
    LeadFactory.create_batch(2, phone_e164="+13105550199")
    message = InboundMessageFactory(lead=None)
    response = client.post(f"{REPLIES}{message.pk}/assign/", {"who": who})
    assert (response.status_code, words in response.content.decode()) == (409, True)
    message.refresh_from_db()
    assert message.lead is None


def test_message_that_is_on_a_page_cannot_be_taken_to_another(client, user):
    message, other = InboundMessageFactory(), LeadFactory()
    assert client.post(f"{REPLIES}{message.pk}/assign/", {"who": other.email}).status_code == 409
    assert InboundMessage.objects.get().lead == message.lead


def test_list_of_replies_costs_the_same_for_one_and_many(client, user, django_assert_num_queries):
    for lead in LeadFactory.create_batch(3):
        InboundMessageFactory(lead=lead)
    client.get(REPLIES)
    with django_assert_num_queries(7):
        client.get(REPLIES)


def test_staff_send_a_text_once_and_it_is_on_the_page(client, user):
    lead, key = texting_lead(), uuid.uuid4()
    for _ in range(2):
        response = client.post(
            f"/admin/signups/lead/{lead.pk}/text/", {"words": "We’ll call  at noon.", "form_key": key}
        )
        assert response.status_code == 303
    message = OutboxMessage.objects.get()
    assert (message.to, message.text) == (lead.phone_e164, "Harbor Clinic: We'll call at noon.")
    assert f"Text: a text from the desk ({message.get_status_display()})" in page(client, lead)


@pytest.mark.parametrize("word", ["ketamine", "Depression", "your treatment", "medication", "prescriptions"])
def test_text_with_a_word_about_health_is_refused(client, user, word):
    lead = texting_lead()
    response = client.post(
        f"/admin/signups/lead/{lead.pk}/text/", {"words": f"About {word}.", "form_key": uuid.uuid4()}
    )
    assert (response.status_code, OutboxMessage.objects.count()) == (422, 0)
    assert "a text says nothing about health" in response.content.decode()


def test_who_did_not_agree_to_texts_is_sent_none(client, user):
    lead = LeadFactory(phone="212 555 0123", phone_e164="+12125550123")
    assert "Don’t text: no consent to texts." in page(client, lead)
    response = client.post(f"/admin/signups/lead/{lead.pk}/text/", {"words": "Hello.", "form_key": uuid.uuid4()})
    assert (response.status_code, OutboxMessage.objects.count()) == (409, 0)


def test_mail_that_came_back_is_listed_and_mended(client, user):
    lead = LeadFactory(email_bounced_at=NOW, email_failure="SMTPDataError 550 5.1.1", texts_failed_at=NOW)
    assert "<strong>1</strong> Mail came back" in client.get("/admin/").content.decode()
    assert str(lead) in client.get("/admin/signups/lead/?view=returned").content.decode()
    assert "Mail to this address comes back (SMTPDataError 550 5.1.1)" in page(client, lead)
    assert "can’t receive texts" in page(client, lead)
    for channel in ("email", "text"):
        response = client.post(f"/admin/signups/lead/{lead.pk}/address-works/", {"channel": channel})
        assert response.status_code == 303
    lead.refresh_from_db()
    assert (lead.email_bounced_at, lead.email_failure, lead.texts_failed_at) == (None, "", None)
    assert "comes back (" not in page(client, lead)
    assert lead.events.filter(action=AuditAction.ADDRESS_WORKS, actor=user).count() == 2
