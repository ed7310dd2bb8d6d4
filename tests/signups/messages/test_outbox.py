"""Writing to the outbox."""

import datetime as dt

import pytest
from django.db import IntegrityError

from signups.leads import links as lead_links
from signups.messages import kinds, outbox
from signups.messages.models import OutboxMessage
from signups.messages.outbox import RenderedEmail, enqueue, under_hourly_limit
from signups.messages.portal_links import MY_LINK, my_link
from signups.offer import current_offer
from tests.factories.leads import LeadFactory
from tests.factories.messages import OutboxMessageFactory
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def test_one_occasion_is_told_once(clinic):
    lead = LeadFactory()
    enqueue(MY_LINK, lead, "lost it", now=NOW, context={})
    with pytest.raises(IntegrityError):
        enqueue(MY_LINK, lead, "lost it", now=NOW, context={})


def test_link_to_the_private_page_is_not_in_a_message_to_an_unconfirmed_address(clinic):
    message = my_link(LeadFactory(), now=NOW)
    assert "/my/" not in message.text + message.html


@pytest.mark.parametrize(("age", "allowed"), [(HOUR - dt.timedelta(seconds=1), False), (HOUR, True)])
def test_limit_counts_one_kind_to_one_person_within_the_hour(age, allowed):
    lead = LeadFactory()
    OutboxMessageFactory.create_batch(outbox.MAX_PER_HOUR, lead=lead, kind="my_link", created_at=NOW - age)
    OutboxMessageFactory(kind="my_link", created_at=NOW)
    OutboxMessageFactory(lead=lead, kind="confirm_trial", created_at=NOW)
    assert under_hourly_limit(lead, MY_LINK, now=NOW) is allowed
    OutboxMessage.objects.filter(lead=lead, kind="my_link").first().delete()
    assert under_hourly_limit(lead, MY_LINK, now=NOW) is True


def test_digest_sees_the_words_and_not_the_token(settings):
    def email(version, words):
        link = lead_links.portal_url(LeadFactory.build(portal_token_version=version))
        return RenderedEmail("A subject", f"{words}: {link}", f'<a href="{link}">{words}</a>')

    assert email(1, "Your page").digest() == email(2, "Your page").digest()
    assert email(1, "Your page").digest() != email(1, "Your new page").digest()


def test_name_is_said_only_to_a_confirmed_address(clinic):
    """Before, whoever typed the name may be a stranger, and the greeting their message to the recipient."""
    lead = LeadFactory(name="Dr. Ann Lee")
    assert my_link(lead, now=NOW).text.startswith("Hello,")
    TrialFactory(lead=lead, requested_at=NOW, started_at=NOW)
    assert my_link(lead, now=NOW).text.startswith("Hi Ann,")


def test_mail_to_staff_has_no_crisis_text_and_mail_to_people_has(clinic):
    lead = LeadFactory()
    context = {"initials": "J. M.", "when": "Monday", "when_short": "Mon", "link": "https://desk"}
    to_staff = outbox.render(kinds.get("host_call"), lead, context)
    to_lead = outbox.render(kinds.get("my_link"), lead, {"my": ""})
    crisis = current_offer().crisis_text
    assert [crisis in email.text for email in (to_staff, to_lead)] == [False, True]


def test_address_of_a_button_is_in_the_text_beside_it(clinic):
    email = outbox.render(kinds.get("confirm_trial"), LeadFactory(), {"link": "https://clinic.example/confirm/x/"})
    assert email.html.count("https://clinic.example/confirm/x/") == 3  # the button, and a link that shows its address
