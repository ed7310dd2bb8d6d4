"""The opt-out of every message: one press, no login, for good (RFC 8058, CAN-SPAM)."""

import pytest

from signups.audit.choices import ActorKind
from signups.audit.models import AuditEvent
from signups.consents.choices import ConsentPurpose
from signups.consents.policy import agrees_to
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages import email_builder
from signups.privacy import erasure
from tests.factories.consents import ConsentFactory
from tests.factories.hosts import HostFactory
from tests.factories.messages import OutboxMessageFactory
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(clinic, time_machine):
    time_machine.move_to(NOW, tick=False)
    lead = TrialFactory(requested_at=NOW, started_at=NOW).lead
    ConsentFactory(lead=lead, text__purpose=ConsentPurpose.NEWS, created_at=NOW)
    return lead


@pytest.fixture
def stop(lead, settings):
    return lead_links.unsubscribe_url(lead).removeprefix(settings.SITE_URL)


def stopped(lead):
    lead.refresh_from_db()
    return lead.unsubscribed_at is not None, not agrees_to(lead, ConsentPurpose.NEWS)


def test_opening_the_link_changes_nothing(client, stop, lead):
    for method in (client.get, client.head):
        assert method(stop).status_code == 200
    assert stopped(lead) == (False, False)


@pytest.mark.parametrize("data", [{}, {"List-Unsubscribe": "One-Click"}])
def test_one_press_or_a_mail_program_stops_news_and_reminders(client, stop, lead, data):
    for _ in range(2):
        response = client.post(stop, data)
        assert (response.status_code, response.cookies) == (200, {})
    assert stopped(lead) == (True, True)
    assert sorted(event.action for event in AuditEvent.objects.all()) == ["consent_revoked", "mail_stopped"]


def test_link_works_after_other_links_were_replaced(client, stop, lead):
    Lead.objects.update(portal_token_version=5, confirmation_token_version=5)
    client.post(stop)
    assert stopped(lead) == (True, True)


def test_link_of_somebody_erased_still_answers(client, stop, lead):
    erasure.erase_lead(lead, by=ActorKind.PATIENT, now=NOW)
    before = AuditEvent.objects.count()
    assert (client.post(stop).status_code, AuditEvent.objects.count()) == (200, before)


def test_link_opens_nothing_else(client, stop):
    token = stop.split("/")[2]
    assert [client.get(f"/{room}/{token}/").status_code for room in ("my", "confirm")] == [404, 404]


def test_message_names_the_link_in_its_foot_and_for_mail_programs(clinic, lead, client):
    from signups.messages.portal_links import my_link

    mail = email_builder.build_email(my_link(lead, now=NOW))
    url = lead_links.unsubscribe_url(lead)
    assert (mail.extra_headers["List-Unsubscribe"], mail.extra_headers["List-Unsubscribe-Post"]) == (
        f"<{url}>",
        "List-Unsubscribe=One-Click",
    )
    for body in (mail.body, mail.alternatives[0].content):
        assert url in body
        assert clinic.postal_address.splitlines()[0] in body


def test_staff_are_not_given_a_patients_link(clinic, lead):
    host = HostFactory()
    mail = email_builder.build_email(
        OutboxMessageFactory(lead=lead, kind="host_call", to=host.user.email or "host@example.com")
    )
    assert "List-Unsubscribe" not in mail.extra_headers
