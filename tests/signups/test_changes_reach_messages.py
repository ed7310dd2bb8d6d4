"""A change made by the person, staff or a colleague reaches reminders, texts, alerts and canceled calls that wait."""

import datetime as dt

import pytest
from django.test import Client

from clinic import roles
from signups.audit.choices import ActorKind
from signups.calls.actions import book_call, reschedule_call
from signups.calls.choices import AlertKind, CallStatus
from signups.calls.models import CallAlert
from signups.consents.choices import ConsentPurpose
from signups.leads import contact_details
from signups.leads import links as lead_links
from tests.factories.consents import ConsentFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 1, 13, 15, 0, tzinfo=dt.UTC)  # a Wednesday, 10 a.m. in New York
CALL = dt.datetime(2027, 1, 15, 19, 0, tzinfo=dt.UTC)  # Friday, 2 p.m. there
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
PATIENT = {"by": ActorKind.PATIENT}
REMINDERS = ("call_day_before", "call_hour_before")


@pytest.fixture
def lead(clinic, time_machine, settings):
    settings.TEXT_BACKEND = "clinic.text_backends.TwilioBackend"
    time_machine.move_to(NOW, tick=False)
    lead = LeadFactory(name="Jo Miller", phone="(212) 555-0123", preferred_channel="text")
    TrialFactory(lead=lead, started_at=NOW - HOUR, requested_at=NOW - HOUR)
    ConsentFactory(lead=lead, text__purpose=ConsentPurpose.TEXTS, created_at=NOW - HOUR)
    return lead


def new_host(first_name):
    host = HostFactory(user__first_name=first_name, user__email=f"{first_name.lower()}@harbor.example")
    for weekday in range(5):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=9 * 60, end=17 * 60)
    return host


@pytest.fixture
def host(clinic):
    return new_host("Hana")


@pytest.fixture
def booked(lead, host):
    return book_call(lead=lead, start=CALL, now=NOW, **PATIENT)


@pytest.fixture
def desk(lead):
    client = Client()
    client.force_login(UserFactory(role=roles.HEAD))
    return client


def change_details(lead, **changed):
    lead.refresh_from_db()
    names = ("name", "phone", "preferred_channel", "best_time", "time_zone")
    page = lead_links.portal_url(lead).removeprefix("http://127.0.0.1:8000") + "details/"
    return Client().post(page, {**{name: getattr(lead, name) for name in names}, "texts": "on", **changed}).status_code


def reminders(call):
    """Who is to be reminded, and how."""
    waiting = call.messages.pending().filter(kind__in=REMINDERS, call_sequence=call.sequence)
    return sorted(waiting.values_list("kind", "to"))


def test_reminders_follow_the_number_the_channel_and_the_address(booked, lead):
    def to(*addresses):
        return sorted((kind, address) for kind in REMINDERS for address in addresses)

    former = lead.email
    assert reminders(booked) == to(former, "+12125550123")
    assert change_details(lead, phone="(646) 555-0177") == 303
    assert reminders(booked) == to(former, "+16465550177")
    assert change_details(lead, preferred_channel="email") == 303
    assert reminders(booked) == to(former)
    assert change_details(lead, preferred_channel="text", phone="(212) 555-0123") == 303
    assert reminders(booked) == to(former, "+12125550123")
    for email in ("", "new@example.com"):
        lead.refresh_from_db()
        contact_details.update_contact_details(lead, email=email, email_key=email, now=NOW, **PATIENT)
        assert reminders(booked) == to(*filter(None, [email]), "+12125550123")
    assert booked.messages.filter(kind__in=REMINDERS).count() == 4


def test_texts_that_wait_for_the_morning_say_the_time_in_the_zone_of_today(lead, host):
    night = NOW + 14 * HOUR  # midnight in New York
    call = book_call(lead=lead, start=CALL, now=night, **PATIENT)
    contact_details.update_contact_details(lead, time_zone="America/Denver", now=night + MINUTE, **PATIENT)
    written = dict(call.messages.pending().filter(kind="call_booked").values_list("channel", "text"))
    assert "12:00 PM Mountain Time" in written["text"]
    assert "12:00 PM Mountain Time" in written["email"]


def test_canceled_call_comes_back_only_with_a_number_and_for_the_address_of_today(booked, lead, desk):
    former, page = lead.email, f"/admin/signups/onboardingcall/{booked.public_id}/cancel/"
    desk.post(page, {"confirmed": "1"})
    contact_details.update_contact_details(
        lead, email="new@example.com", email_key="new@example.com", phone="", phone_e164="", now=NOW, **PATIENT
    )
    refused = desk.post(page + "undo/")
    assert (refused.status_code, "there is no number" in refused.content.decode()) == (409, True)
    contact_details.update_contact_details(lead, phone="(646) 555-0177", phone_e164="+16465550177", now=NOW, **PATIENT)
    assert desk.post(page + "undo/").status_code == 303
    booked.refresh_from_db()
    assert booked.status == CallStatus.BOOKED
    assert {to for _, to in reminders(booked)} == {"new@example.com", "+16465550177"}
    waiting = booked.messages.pending().filter(host=None)
    assert former not in set(waiting.values_list("to", flat=True))


def test_wrong_number_stays_a_task_when_the_call_is_moved(booked, lead, desk):
    contact_details.note_wrong_number(lead, by=ActorKind.SYSTEM, now=NOW)
    moved = reschedule_call(call=booked, start=CALL + HOUR, now=NOW, **PATIENT)
    assert [(one.kind, one.sequence) for one in CallAlert.objects.open(NOW)] == [(AlertKind.WRONG_NUMBER, 1)]
    assert "someone else answers" in desk.get(f"/admin/signups/onboardingcall/{moved.public_id}/").content.decode()
    lead.refresh_from_db()
    contact_details.state_number(lead, phone="(646) 555-0177", phone_e164="+16465550177", now=NOW, **PATIENT)
    assert not CallAlert.objects.open(NOW).exists()


@pytest.mark.parametrize("gone", ["left", "takes no calls"])
def test_forced_move_does_not_stay_with_a_host_who_is_gone(booked, host, desk, gone):
    host.user.is_active, host.active = gone != "left", gone == "left"
    host.user.save()
    host.save()
    page, evening = f"/admin/signups/onboardingcall/{booked.public_id}/move/", CALL + 5 * HOUR
    alone = desk.post(page, {"start": evening.isoformat(), "forced": "urgent"})
    booked.refresh_from_db()
    assert (alone.status_code, booked.starts_at) == ((409, CALL) if gone == "left" else (303, evening))
    ida = new_host("Ida")
    assert desk.post(page, {"start": (evening + HOUR).isoformat(), "forced": "urgent"}).status_code == 303
    booked.refresh_from_db()
    assert (booked.host, booked.starts_at) == (ida, evening + HOUR)


def test_staff_book_for_who_asked_not_to_be_called_only_what_they_asked_for_since(lead, host, desk):
    desk.post(f"/admin/signups/lead/{lead.pk}/log-outreach/", {"outcome": "do_not_call", "confirmed": "1"})
    page = f"/admin/signups/lead/{lead.pk}/book/"
    assert "have asked for this call since" in desk.get(page).content.decode()
    refused = desk.post(page, {"start": CALL.isoformat()})
    assert (refused.status_code, "They asked not to be called." in refused.content.decode()) == (422, True)
    assert not lead.calls.exists()
    assert desk.post(page, {"start": CALL.isoformat(), "asked_again": "on"}).status_code == 303
    assert lead.calls.upcoming(NOW).count() == 1
