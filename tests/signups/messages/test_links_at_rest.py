"""No private link works out of the database: not of a message that waits for its day, nor of one that was sent."""

import datetime as dt
import re

import pytest

from signups.audit.choices import ActorKind
from signups.calls.actions import book_call
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r"/(?:my|confirm|stop)/([\w:-]{20,})")
CALL = NOW + dt.timedelta(days=3)
SCHEDULED = {
    "call_day_before": CALL - dt.timedelta(days=1),
    "call_hour_before": CALL - dt.timedelta(hours=1),
    "trial_ended": NOW + dt.timedelta(days=7),
    "trial_ending": NOW + dt.timedelta(days=6),
}


@pytest.fixture
def patient(client, clinic, post_start, settings):
    """Signed up, confirmed and booked, with everything written that a patient is sent meanwhile; nothing sent yet."""
    post_start(phone="(212) 555-0123")
    Lead.objects.update(phone="212 555 0123", phone_e164="+12125550123")
    lead = Lead.objects.get()
    client.post(lead_links.confirmation_url(lead).removeprefix(settings.SITE_URL))
    host = HostFactory()
    for weekday in range(7):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
    book_call(lead=lead, start=CALL, host=host, by=ActorKind.PATIENT, now=NOW)
    return lead


def stored(**which):
    """The kind of each message to the patient → whether a working link stands in each of its parts."""
    messages = OutboxMessage.objects.filter(**which).exclude(kind__startswith="host_")
    return {
        message.kind: tuple(bool(TOKEN.search(part)) for part in (message.text, message.html)) for message in messages
    }


def test_message_that_waits_for_its_day_holds_none(patient):
    assert dict(OutboxMessage.objects.filter(send_at__gt=NOW).values_list("kind", "send_at")) == SCHEDULED
    assert stored(send_at__gt=NOW) == dict.fromkeys(SCHEDULED, (False, False))
    assert set(stored(send_at=NOW).values()) == {(True, True)}  # one that goes out at once holds them until then


def test_message_carries_links_that_work_and_keeps_none_once_it_is_sent(patient, mailoutbox):
    for at in sorted({NOW, *SCHEDULED.values(), NOW + dt.timedelta(days=8)}):
        while delivery.deliver_due(lambda at=at: at):
            pass
    for message in mailoutbox:
        if patient.email in message.to:
            for part in (message.body, message.alternatives[0].content):
                (opt_out,) = re.findall(r"/stop/([\w:-]{20,})", part)
                assert lead_links.lead_from_unsubscribe_token(opt_out) == patient
    found = stored(status="sent")
    assert set(SCHEDULED) < set(found)
    assert set(found.values()) == {(False, False)}
    assert OutboxMessage.objects.filter(text__contains="/stop/…/").count() == len(found)


def test_desk_shows_no_opt_out_link_of_a_message_that_waits(admin_client, patient):
    page = admin_client.get(f"/admin/signups/lead/{patient.pk}/change/").content.decode()
    assert "/stop/…/" in page
    assert not TOKEN.search(page)
