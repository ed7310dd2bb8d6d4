"""An address that does not work is marked, shown, and left alone."""

import pytest

from signups.audit.choices import ActorKind
from signups.leads import contact_details
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages import delivery
from signups.trials.actions import confirm_email
from tests.factories.messages import OutboxMessageFactory
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW
from tests.signups.messages.test_delivery import clock, state, written

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("at_recipient", "answer", "dead"),
    [
        (True, "550 no such user", True),
        (True, "550 5.1.1 no such user", True),
        (True, "553 bad mailbox", True),
        (True, "550 5.7.1 you are on a list", False),
        (True, "554 no service", False),
        (True, "552 5.2.2 full", False),
        (True, "451 later", False),
        (False, "550 5.1.1 no such user", True),
        (False, "550 5.2.1 disabled", True),
        (False, "550 we do not like it", False),  # after the content: perhaps because of it
        (False, "554 5.7.1 spam", False),
    ],
)
def test_refusal_marks_the_address_only_if_it_says_so(clinic, mail_server, at_recipient, answer, dead):
    message = written()
    if at_recipient:
        mail_server.answer_recipient = lambda address: answer
    else:
        mail_server.answer = lambda sent: answer
    delivery.deliver_due(clock())
    message.lead.refresh_from_db()
    assert message.lead.email_bounced_at == (NOW if dead else None)
    assert ("550" in message.lead.email_failure or "553" in message.lead.email_failure) == dead


def test_bounce_of_mail_to_staff_marks_nobody(clinic, mail_server):
    written(kind="host_call_cancelled", to="host@example.com")
    mail_server.answer_recipient = lambda address: "550 no such user"
    delivery.deliver_due(clock())
    assert not Lead.objects.filter(email_bounced_at__isnull=False).exists()


def test_nothing_more_goes_to_a_marked_address_until_it_is_corrected(clinic, mail_server):
    message = written(kind="trial_exists", lead__email_bounced_at=NOW)
    other = written(kind="trial_exists", lead__email="other@example.com", lead__email_key="other@example.com")
    delivery.deliver_due(clock())
    message.refresh_from_db()
    assert (message.status, message.last_error) == ("cancelled", "this address does not work")
    assert (state(other)[0], len(mail_server.messages)) == ("sent", 1)
    new = {"email": "new@example.com", "email_key": "new@example.com"}
    contact_details.update_contact_details(message.lead, by=ActorKind.PATIENT, now=NOW, **new)
    corrected = OutboxMessageFactory(lead=Lead.objects.get(pk=message.lead.pk), kind="trial_exists", created_at=NOW)
    delivery.deliver_due(clock())
    assert state(corrected)[0] == "sent"


def test_who_asks_for_the_link_again_is_sent_it_and_proves_with_it_that_the_address_works(clinic, mail_server):
    message = written(kind="confirm_trial", lead__email_bounced_at=NOW)
    delivery.deliver_due(clock())
    assert state(message)[0] == "sent"
    TrialFactory(lead=message.lead, requested_at=NOW)
    confirm_email(message.lead, now=NOW)
    message.lead.refresh_from_db()
    assert message.lead.email_bounced_at is None


@pytest.mark.parametrize(("failure", "words"), [("550", "came back"), ("complaint", "marked as spam")])
def test_their_page_says_that_no_mail_reaches_them(clinic, client, settings, failure, words):
    lead = TrialFactory(requested_at=NOW, started_at=NOW).lead
    page = lead_links.portal_url(lead).removeprefix(settings.SITE_URL)
    assert "We’re not sending email to" not in client.get(page).content.decode()
    Lead.objects.update(email_bounced_at=NOW, email_failure=failure)
    said = client.get(page).content.decode()
    assert f"We’re not sending email to {lead.email}." in said
    assert words in said
