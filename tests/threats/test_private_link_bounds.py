"""Whoever holds one private link adds a bounded number of events and messages a day, and can always end things."""

import datetime as dt

import pytest

from signups.audit.models import AuditEvent
from signups.leads.choices import LeadStatus
from signups.messages.models import OutboxMessage
from signups.portal.urls import urlpatterns
from signups.web import form_limits
from tests.factories.callbacks import CallbackRequestFactory
from tests.factories.hosts import HostFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
ENDING = {"callback-cancel", "call-cancel", "trial-cancel", "consents", "erase"}
ENDING |= {"call-earlier-keep", "call-waiting-list-leave"}
DETAILS = {"preferred_channel": "email", "best_time": "any", "time_zone": "America/New_York"}


@pytest.fixture
def post(client, lead, urls):
    def post(view, **data):
        path = urls["my"] + next(str(one.pattern) for one in urlpatterns if one.name == view)
        return client.post(path, data)

    return post


def written():
    return AuditEvent.objects.count(), OutboxMessage.objects.count()


def test_every_change_but_an_ending_is_refused_once_the_link_is_spent(post, lead, monkeypatch):
    monkeypatch.setattr(form_limits, "PER_LINK", 0)
    refused = {one.name for one in urlpatterns if one.name != "home" and post(one.name).status_code == 429}
    assert refused == {one.name for one in urlpatterns} - ENDING - {"home"}
    assert {*AuditEvent.objects.values_list("action", flat=True)} == {*("mail_stopped", "trial_cancelled", "erased")}
    lead.refresh_from_db()
    assert lead.status == LeadStatus.ERASED


def test_two_hundred_presses_add_a_bounded_number_of_events(post, lead):
    HostFactory()
    names = ["Ann", "Bea"]
    for number in range(70):
        post("details", name=names[number % 2], phone="", **DETAILS)
        post("trial-cancel")
        post("trial-resume")
        post("consents", **({"calls": "on", "news": "on", "reminders": "on"} if number % 2 else {}))
        post("call-zone", time_zone=["America/New_York", "America/Chicago"][number % 2])
        post("export")
    events, messages = written()
    assert form_limits.PER_LINK / 4 < events < 4 * form_limits.PER_LINK
    assert messages < form_limits.PER_LINK
    again = written()
    for number in range(20):
        post("details", name=names[number % 2], phone="", **DETAILS)
    assert written() == again


def test_a_permission_can_be_withdrawn_whatever_was_pressed_before(post, lead, monkeypatch):
    CallbackRequestFactory(lead=lead)
    assert post("consents", news="on").status_code == 303
    monkeypatch.setattr(form_limits, "PER_LINK", 0)
    assert post("consents", news="on", calls="on").status_code == 429
    assert post("consents").status_code == 303
    assert not lead.consents.in_force().filter(text__purpose="news").exists()
    assert post("callback-cancel").status_code == 303
    assert not lead.callbacks.open().exists()


def test_the_link_works_again_the_next_day(post, lead, monkeypatch, time_machine):
    monkeypatch.setattr(form_limits, "PER_LINK", 1)
    assert [post("export").status_code for _ in range(2)] == [200, 429]
    time_machine.move_to(NOW + dt.timedelta(days=1), tick=False)
    assert post("export").status_code == 200


def test_a_link_to_confirm_asks_for_a_bounded_number_of_mails_a_day(client, lead, urls, time_machine):
    again = urls["confirm"] + "again/"
    for minute in range(0, 24 * 60, 20):
        time_machine.move_to(NOW.replace(hour=0) + dt.timedelta(minutes=minute), tick=False)
        client.post(again)
    assert 0 < OutboxMessage.objects.filter(to=lead.email).count() <= form_limits.PER_MAILBOX
