"""Choosing, moving and cancelling the free call on the patient's own page."""

import datetime as dt
import re

import pytest

from signups.audit.choices import ActorKind
from signups.audit.models import AuditEvent
from signups.calls.actions import book_call, reschedule_call
from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from signups.leads import links as lead_links
from signups.messages.models import OutboxMessage
from signups.web import timed_token
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 11, 4, 15, 0, tzinfo=dt.UTC)  # a Thursday; New York's clocks go back on Sunday


@pytest.fixture
def host(clinic):
    """In New York, Mondays and Fridays from nine to eleven."""
    host = HostFactory(user__first_name="Sam", user__last_name="Reed", user__email="sam@harbor.example")
    for weekday in (0, 4):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=9 * 60, end=11 * 60)
    return host


@pytest.fixture
def lead(clinic):
    lead = LeadFactory(name="Jo Miller", phone="212 555 0123", phone_e164="+12125550123", time_zone="Asia/Tokyo")
    TrialFactory(lead=lead, started_at=NOW, requested_at=NOW)
    return lead


@pytest.fixture
def at(time_machine):
    return lambda moment: time_machine.move_to(moment, tick=False)


def address(lead, rest=""):
    return lead_links.portal_url(lead).removeprefix("http://127.0.0.1:8000") + rest


FRIDAY = "2027-11-05T13:00:00+00:00"
MONDAY = "2027-11-08T14:00:00+00:00"


@pytest.fixture
def post(client, at):
    """Posts a form of a patient's page as a browser would: rendered a minute before it is sent."""

    def post(lead, rest, stamp=None, now=NOW, **data):
        at(now - dt.timedelta(minutes=1))
        stamp = stamp or timed_token.new_token()
        at(now)
        ticked = {"reminders": "on"} if rest == "call/" else {}
        fields = {"stamp": stamp, **ticked, **data}
        return client.post(address(lead, rest), {name: value for name, value in fields.items() if value is not None})

    return post


def test_times_are_those_of_the_reader_and_say_so(client, lead, host, at):
    at(NOW)
    page = client.get(address(lead, "call/")).content.decode()
    assert "Tokyo time" in page
    assert re.findall(r'<legend class="read-only">(.*?)</legend>', page)[:3] == [
        "Friday, November 5",
        "Monday, November 8",
        "Tuesday, November 9",
    ]
    assert re.findall(r'value="([^"]*)" id="id_start_\w+"><label for="id_start_\w+">(.*?)<', page)[:5] == [
        (FRIDAY, "10:00 PM"),
        ("2027-11-05T13:30:00+00:00", "10:30 PM"),
        ("2027-11-05T14:00:00+00:00", "11:00 PM"),
        ("2027-11-05T14:30:00+00:00", "11:30 PM"),
        (MONDAY, "11:00 PM"),
    ]


def test_long_lists_are_paged_by_days(client, lead, host, at):
    at(NOW)
    first = client.get(address(lead, "call/")).content.decode()
    last = client.get(address(lead, "call/?page=99")).content.decode()
    assert (first.count('<details class="question" name="day"'), "Earlier days" in first, "Later days" in first) == (
        5,
        False,
        True,
    )
    assert ("Earlier days" in last, "Later days" in last) == (True, False)
    assert client.get(address(lead, "call/?page=x")).status_code == 200


def test_another_zone_moves_no_instant(client, lead, host, at):
    at(NOW)
    instants = re.findall(r'value="(2027[^"]*)"', client.get(address(lead, "call/")).content.decode())
    response = client.post(address(lead, "call/zone/"), {"time_zone": "Europe/London"})
    assert (response.status_code, response["Location"].split("?")[0]) == (303, address(lead, "call/"))
    page = client.get(address(lead, "call/")).content.decode()
    assert "London time" in page
    assert set(re.findall(r'value="(2027[^"]*)"', page)) >= set(instants[:8])
    client.post(address(lead, "call/zone/"), {"time_zone": "Mars/Base"})
    lead.refresh_from_db()
    assert lead.time_zone == "Europe/London"


def test_a_repeated_hour_says_its_offset(client, lead, host, at):
    host.rules.all().delete()
    AvailabilityRuleFactory(host=host, weekday=6, start=0, end=3 * 60)
    lead.time_zone = "America/New_York"
    lead.save()
    at(NOW)
    page = client.get(address(lead, "call/")).content.decode()
    assert re.findall(r">(1:00 AM[^<]*)<", page)[:2] == ["1:00 AM (daylight time)", "1:00 AM (standard time)"]


def test_booking_tells_everybody(client, lead, host, post):
    response = post(lead, "call/", start=FRIDAY)
    assert (response.status_code, response["Location"].split("?")[0]) == (303, address(lead, "call/"))
    page = client.get(address(lead, "call/")).content.decode()
    assert "Friday, November 5, 2027, 10:00 PM Tokyo time" in page
    assert "Sam Reed" in page
    assert "212 555 0123" in page
    assert "We’ll send a reminder an hour before by email." in page  # it is less than a day away
    call = OnboardingCall.objects.get()
    assert (call.lead, call.host, call.starts_at.isoformat(), call.sequence) == (lead, host, FRIDAY, 0)
    sent = {m.kind: (m.to, m.send_at, m.calendar_method) for m in OutboxMessage.objects.all()}
    assert sent == {
        "call_booked": (lead.email, NOW, "REQUEST"),
        "host_call": ("sam@harbor.example", NOW, "REQUEST"),
        "call_hour_before": (lead.email, call.starts_at - dt.timedelta(hours=1), ""),
    }
    told = OutboxMessage.objects.get(kind="call_booked")
    assert "Friday, November 5, 2027, 10:00 PM Tokyo time" in told.text
    assert lead_links.portal_url(lead) + "call/" in told.text
    to_host = OutboxMessage.objects.get(kind="host_call")
    assert "Friday, November 5, 2027, 9:00 AM Eastern Time" in to_host.text
    for secret in ("Jo Miller", lead.email, "555", lead_links.portal_url(lead)):
        assert secret not in to_host.subject + to_host.text + to_host.html + to_host.calendar
    assert AuditEvent.objects.get(action="call_booked").detail == {
        "call": str(call.public_id),
        "start": FRIDAY,
        "host": host.pk,
    }


def test_who_unticks_the_reminders_is_sent_none_and_promised_none(client, lead, host, post, at):
    assert 'name="reminders"' in client.get(address(lead, "call/")).content.decode()
    assert post(lead, "call/", start=MONDAY, reminders=None).status_code == 303
    assert not OutboxMessage.objects.filter(kind__endswith="_before").exists()
    page = client.get(address(lead, "call/")).content.decode()
    assert "Your call is booked" in page
    assert "reminder" not in page
    call = OnboardingCall.objects.get()
    reschedule_call(call=call, start=call.starts_at + dt.timedelta(hours=1), by=ActorKind.PATIENT, now=NOW)
    assert not OutboxMessage.objects.filter(kind__endswith="_before").exists()


def test_double_click_is_one_booking(lead, host, post, at):
    at(NOW - dt.timedelta(minutes=1))
    stamp = timed_token.new_token()
    answers = [post(lead, "call/", stamp=stamp, start=MONDAY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert OnboardingCall.objects.count() == 1
    assert OutboxMessage.objects.filter(kind="call_booked").count() == 1


def test_same_form_after_days_is_the_same_booking(lead, host, post, at):
    at(NOW - dt.timedelta(minutes=1))
    stamp = timed_token.new_token()
    first = post(lead, "call/", stamp=stamp, start=MONDAY)
    again = post(lead, "call/", stamp=stamp, start=MONDAY, now=NOW + dt.timedelta(days=2))
    assert (first.status_code, again.status_code, OnboardingCall.objects.count()) == (303, 303, 1)


def test_who_loses_the_race_sees_fresh_times(client, lead, host, post):
    book_call(lead=LeadFactory(), start=dt.datetime.fromisoformat(FRIDAY), by=ActorKind.PATIENT, now=NOW)
    response = post(lead, "call/", start=FRIDAY)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Someone else just took that time" in page
    assert f'value="{FRIDAY}"' not in page
    assert 'value="2027-11-05T13:30:00+00:00"' in page
    assert OnboardingCall.objects.filter(lead=lead).count() == 0


@pytest.mark.parametrize(
    ("start", "status", "words"),
    [
        ("", 422, "Choose a time."),
        ("tomorrow", 422, "Choose one of the times listed."),
        ("2027-11-05T13:00:00", 422, "Choose one of the times listed."),
        ("0001-01-01T00:00:00+14:00", 422, "Choose one of the times listed."),
        ("9999-12-31T23:59:59-14:00", 422, "Choose one of the times listed."),
        ("2027-11-05T13:07:00+00:00", 409, "That time is no longer available."),
        ("2027-11-04T15:00:00+00:00", 409, "That time is no longer available."),
    ],
)
def test_what_is_not_offered_cannot_be_had(lead, host, post, start, status, words):
    response = post(lead, "call/", start=start)
    assert response.status_code == status
    assert words in response.content.decode()
    assert not OnboardingCall.objects.exists()


def test_a_time_too_close_is_refused_in_words(lead, host, post):
    response = post(lead, "call/", start=FRIDAY, now=dt.datetime(2027, 11, 5, 12, tzinfo=dt.UTC))
    assert (response.status_code, "That time is too soon" in response.content.decode()) == (409, True)


def test_who_gave_no_number_is_asked_for_it(client, lead, host, post):
    lead.phone = lead.phone_e164 = ""
    lead.save()
    refused = post(lead, "call/", start=FRIDAY, phone="")
    assert (refused.status_code, "Enter a phone number" in refused.content.decode()) == (422, True)
    assert post(lead, "call/", start=FRIDAY, phone="(212) 555-0123").status_code == 303
    lead.refresh_from_db()
    assert (lead.phone, lead.phone_e164) == ("(212) 555-0123", "+12125550123")


def test_moving_keeps_the_call(client, lead, host, post, at):
    post(lead, "call/", start=FRIDAY)
    page = client.get(address(lead, "call/move/")).content.decode()
    assert "Your call is currently scheduled for Friday, November 5, 2027, 10:00 PM Tokyo time." in page
    assert post(lead, "call/move/", start=MONDAY).status_code == 303
    call = OnboardingCall.objects.get()
    assert (call.starts_at.isoformat(), call.sequence) == (MONDAY, 1)
    assert "Monday, November 8, 2027, 11:00 PM Tokyo time" in client.get(address(lead)).content.decode()
    told = OutboxMessage.objects.get(kind="call_moved")
    assert (told.calendar_method, told.call_sequence) == ("REQUEST", 1)


def test_moving_to_the_same_time_tells_nobody(lead, host, post):
    post(lead, "call/", start=FRIDAY)
    before = OutboxMessage.objects.count()
    assert post(lead, "call/move/", start=FRIDAY).status_code == 303
    assert OutboxMessage.objects.count() == before


def test_cancelling_takes_a_button(client, lead, host, post, at):
    post(lead, "call/", start=FRIDAY)
    assert client.get(address(lead, "call/cancel/")).status_code == 200
    assert OnboardingCall.objects.get().status == CallStatus.BOOKED
    assert client.post(address(lead, "call/cancel/")).status_code == 303
    assert OnboardingCall.objects.get().status == CallStatus.CANCELLED
    assert client.post(address(lead, "call/cancel/")).status_code == 303
    assert OutboxMessage.objects.filter(kind="call_cancelled").count() == 1
    assert "Book a call" in client.get(address(lead)).content.decode()
    assert client.get(address(lead, "call/move/")).status_code == 303


def test_once_begun_it_can_neither_be_moved_nor_cancelled(client, lead, host, post, at):
    post(lead, "call/", start=FRIDAY)
    at(dt.datetime.fromisoformat(FRIDAY))
    page = client.get(address(lead)).content.decode()
    assert ("Your call is about to start" in page, "Move the call" in page) == (True, False)
    for rest in ("call/cancel/", "call/move/"):
        assert client.post(address(lead, rest), {}).status_code == 303
    call = OnboardingCall.objects.get()
    assert (call.status, call.sequence) == (CallStatus.BOOKED, 0)


def test_the_confirmation_can_be_sent_again(client, lead, host, post, at):
    post(lead, "call/", start=FRIDAY)
    at(NOW + dt.timedelta(minutes=5))
    assert client.post(address(lead, "call/again/")).status_code == 303
    first, again = OutboxMessage.objects.filter(kind="call_booked").order_by("created_at")
    assert first.call_sequence == again.call_sequence == 0
    stamp = re.compile(r"DTSTAMP:\S+")
    assert stamp.search(first.calendar)[0] < stamp.search(again.calendar)[0]
    assert stamp.sub("", first.calendar) == stamp.sub("", again.calendar)


def test_nobody_is_flooded_through_us(client, lead, host, post, at):
    post(lead, "call/", start=FRIDAY)
    answers = [client.post(address(lead, "call/again/")).status_code for _ in range(21)]
    assert (answers[18], answers[20]) == (303, 429)
    assert OutboxMessage.objects.filter(kind="call_booked").count() == 3


def test_who_has_a_call_is_shown_it_instead_of_a_second(client, lead, host, post):
    post(lead, "call/", start=FRIDAY)
    assert post(lead, "call/", start=MONDAY).status_code == 303
    assert OnboardingCall.objects.get().starts_at.isoformat() == FRIDAY


def test_without_a_free_time_we_offer_to_call(client, lead, clinic, at):
    at(NOW)
    page = client.get(address(lead, "call/")).content.decode()
    assert "No times are available right now." in page
    assert f'href="{address(lead, "callback/")}"' in page


def test_the_number_of_queries_does_not_grow_with_hosts(client, lead, host, at, django_assert_num_queries):
    at(NOW)
    client.get(address(lead, "call/"))  # what a process learns once
    with django_assert_num_queries(14):
        client.get(address(lead, "call/"))
    for _ in range(9):
        AvailabilityRuleFactory(host=HostFactory(), weekday=0)
    with django_assert_num_queries(14):
        client.get(address(lead, "call/"))
