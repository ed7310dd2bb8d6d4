"""Messages, feeds and forms about calls say what is so at the moment they are read, whoever reads them."""

import datetime as dt
import email
import email.policy
import re
from email.utils import parseaddr
from zoneinfo import ZoneInfo

import pytest
import vobject
from django.test import Client

from clinic import roles
from content.models.content_version import ContentVersion
from content.models.profile import ClinicProfile
from signups.audit.choices import ActorKind
from signups.callbacks.actions import promised_time
from signups.calls.actions import book_call, cancel_call, reassign_call, reschedule_call
from signups.calls.choices import CallStatus
from signups.hosts import links as host_links
from signups.hosts.models import TimeOff
from signups.leads import links as lead_links
from signups.messages import delivery
from signups.messages.choices import MessageStatus
from signups.messages.email_builder import build_email
from signups.messages.models import OutboxMessage
from signups.web import timed_token
from signups.web.public_form import TRAP
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 1, 13, 15, 0, tzinfo=dt.UTC)  # a Wednesday, 10 a.m. in New York
CALL = dt.datetime(2027, 1, 15, 19, 0, tzinfo=dt.UTC)  # Friday, 2 p.m. there
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
BY = {"by": ActorKind.PATIENT}


def new_host(first_name, **names):
    user = UserFactory(role=roles.COORDINATOR, first_name=first_name, email=f"{first_name.lower()}@harbor.example")
    host = HostFactory(user=user, **names)
    for weekday in range(7):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
    return host


@pytest.fixture
def at(time_machine):
    return lambda moment: time_machine.move_to(moment, tick=False)


@pytest.fixture
def lead(clinic, at):
    at(NOW)
    lead = LeadFactory(name="Jo Miller")
    TrialFactory(lead=lead, started_at=NOW - HOUR, requested_at=NOW - HOUR)
    return lead


@pytest.fixture
def host(clinic):
    return new_host("Hana")


def desk(user=None):
    client = Client()
    client.force_login(user or UserFactory(role=roles.HEAD))
    return client


def deliver(now):
    while delivery.deliver_due(lambda: now):
        pass


def page(lead, rest=""):
    return lead_links.portal_url(lead).removeprefix("http://127.0.0.1:8000") + rest


def feed(client, host, **headers):
    return client.get(host_links.feed_url(host).removeprefix("http://127.0.0.1:8000"), headers=headers)


def test_former_host_reads_the_time_that_was_theirs(lead, host, client, at):
    """Moved to a day on which the first host is away, the call goes to another one."""
    ida = new_host("Ida")
    call = book_call(lead=lead, start=CALL, host=host, now=NOW, **BY)
    TimeOff.objects.create(host=host, starts_at=CALL + 20 * HOUR, ends_at=CALL + 90 * HOUR)
    at(NOW)
    stamp = timed_token.new_token()
    at(NOW + MINUTE)
    moved = client.post(page(lead, "call/move/"), {"stamp": stamp, "start": (CALL + 25 * HOUR).isoformat()})
    assert moved.status_code == 303
    call.refresh_from_db()
    assert call.host == ida
    off = OutboxMessage.objects.get(kind="host_call_cancelled")
    assert (off.to, "Fri, Jan 15, 2:00 PM" in off.subject) == ("hana@harbor.example", True)
    assert "Friday, January 15, 2027, 2:00 PM" in off.text
    assert "DTSTART:20270115T190000Z" in off.calendar


def test_stale_no_longer_yours_is_withdrawn(lead, host):
    ida = new_host("Ida")
    call = book_call(lead=lead, start=CALL, host=host, now=NOW, **BY)
    reassign_call(call=call, host=ida, now=NOW, **BY)
    reassign_call(call=call, host=host, now=NOW + MINUTE, **BY)
    deliver(NOW + MINUTE)
    told = OutboxMessage.objects.filter(kind="host_call_cancelled").values_list("to", "status")
    assert dict(told) == {
        "hana@harbor.example": MessageStatus.CANCELLED,
        "ida@harbor.example": MessageStatus.SENT,
    }


def test_after_an_outage_one_reminder_goes_out(lead, host):
    book_call(lead=lead, start=CALL, host=host, now=NOW, **BY)
    deliver(CALL - 10 * MINUTE)
    reminders = OutboxMessage.objects.filter(kind__endswith="before").values_list("kind", "status")
    assert dict(reminders) == {
        "call_day_before": MessageStatus.CANCELLED,
        "call_hour_before": MessageStatus.SENT,
    }


@pytest.mark.parametrize("kind", ["call_day_before", "call_hour_before"])
def test_reminders_say_the_time_itself(lead, host, kind):
    """On a day of 25 hours, a day before is the same date: "tomorrow" would be wrong."""
    start = dt.datetime(2027, 11, 8, 4, 30, tzinfo=dt.UTC)  # 11:30 p.m. on November 7 in New York
    now = start - dt.timedelta(days=2)
    book_call(lead=lead, start=start, host=host, now=now, **BY)
    reminder = OutboxMessage.objects.get(kind=kind)
    deliver(reminder.send_at)
    reminder.refresh_from_db()
    assert reminder.status == MessageStatus.SENT
    assert "Sun, Nov 7, 11:30 PM" in reminder.subject
    assert "Sunday, November 7, 2027, 11:30 PM" in reminder.text
    assert not re.search("tomorrow|in an hour", reminder.subject + reminder.text)


@pytest.mark.parametrize("name", ["Joy\\", '"', "Joy\nClinic", 'Joy "West", Inc.', "Zoë’s Clinic"])
def test_sender_is_one_address_whatever_the_name(lead, host, name):
    ClinicProfile.objects.update(name=name)
    call = book_call(lead=lead, start=CALL, host=host, now=NOW, **BY)
    for message in call.messages.all():
        read = email.message_from_bytes(build_email(message).message().as_bytes(), policy=email.policy.default)
        assert [one.addr_spec for one in read["From"].addresses] == ["care@harbor.example"]
        assert read["From"].addresses[0].display_name == " ".join(name.split())
        assert parseaddr(str(read["From"]))[1] == "care@harbor.example"


def test_organizer_stays_that_of_the_first_invitation(lead, host):
    call = book_call(lead=lead, start=CALL, host=host, now=NOW, **BY)
    ClinicProfile.objects.update(mailbox="hello@harbor.example")
    ContentVersion.invalidate()
    reschedule_call(call=call, start=CALL + HOUR, now=NOW + MINUTE, **BY)
    call.refresh_from_db()
    cancel_call(call=call, now=NOW + 2 * MINUTE, **BY)
    invitations = [message.calendar.replace("\r\n ", "") for message in call.messages.exclude(calendar="")]
    assert len(invitations) == 6
    assert {re.search("ORGANIZER.*:(mailto:.*)", text)[1].strip() for text in invitations} == {
        "mailto:care@harbor.example"
    }


def test_feed_is_complete_valid_and_cached(client, lead, host, at):
    empty = feed(client, host).content.decode()
    assert re.findall("^BEGIN:(.*)\r$", empty, re.MULTILINE)[1] == "VTIMEZONE"
    call = book_call(lead=lead, start=CALL, host=host, now=NOW, **BY)
    response = feed(client, host)
    calendar = vobject.readOne(response.content.decode())
    assert calendar.vevent.organizer.value == "mailto:care@harbor.example"
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT15M" in response.content.decode()
    assert "X-PUBLISHED-TTL:PT15M" in response.content.decode()
    again = feed(client, host, **{"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    host.active = False
    host.save()
    assert feed(client, host).content == response.content
    cancel_call(call=call, now=NOW + MINUTE, **BY)
    after = feed(client, host, **{"If-None-Match": response["ETag"]})
    assert (after.status_code, "VEVENT" in after.content.decode()) == (200, False)
    host.user.is_active = False
    host.user.save()
    assert feed(client, host).status_code == 404


def test_cancelling_is_never_limited(client, lead, host, at):
    call = book_call(lead=lead, start=CALL, host=host, now=NOW, **BY)
    answers = [client.post(page(lead, "call/again/")).status_code for _ in range(21)]
    assert answers[-1] == 429
    assert client.post(page(lead, "call/cancel/")).status_code == 303
    call.refresh_from_db()
    assert call.status == CallStatus.CANCELLED


def test_time_off_is_read_in_the_zone_of_the_host(host, at):
    at(NOW)
    host.time_zone = "America/Los_Angeles"
    host.save()
    client = desk()
    form = {
        "time_zone": "America/Los_Angeles",
        "active": "on",
        "weight": "1",
        "daily_limit": "",
        **{f"overrides-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")},
        "time_off-TOTAL_FORMS": "1",
        "time_off-INITIAL_FORMS": "0",
        "time_off-0-starts_at": "2027-01-15T00:00",
        "time_off-0-ends_at": "2027-01-16T00:00",
    }
    response = client.post(f"/admin/signups/host/{host.pk}/change/", form)
    assert response.status_code == 302, re.findall("errorlist.*", response.content.decode())
    off = TimeOff.objects.get()
    midnight = dt.datetime(2027, 1, 15, 8, 0, tzinfo=dt.UTC)  # in Los Angeles
    assert (off.starts_at, off.ends_at) == (midnight, midnight + 24 * HOUR)
    assert 'value="2027-01-15T00:00"' in client.get(f"/admin/signups/host/{host.pk}/change/").content.decode()


def test_repeated_hour_is_asked_about_and_a_skipped_one_refused(lead, host, at):
    now = dt.datetime(2027, 11, 1, 15, 0, tzinfo=dt.UTC)
    at(now)
    call = book_call(lead=lead, start=now + 26 * HOUR, host=host, now=now, **BY)
    client, move = desk(), f"/admin/signups/onboardingcall/{call.public_id}/move/"
    asked = client.post(move, {"start": "2027-11-07T01:30", "forced": ""})
    assert (asked.status_code, "this hour happens twice" in asked.content.decode()) == (422, True)
    assert re.findall('<option value="(-0.:00)">', asked.content.decode()) == ["-04:00", "-05:00"]
    answer = {"start": "2027-11-07T01:30", "start_offset": "-05:00", "forced": ""}
    assert client.post(move, answer).status_code == 303
    call.refresh_from_db()
    assert call.starts_at == dt.datetime(2027, 11, 7, 6, 30, tzinfo=dt.UTC)
    skipped = client.post(move, {"start": "2027-03-14T02:30", "forced": ""})
    assert (skipped.status_code, "this hour does not exist" in skipped.content.decode()) == (422, True)


def post_callback(client, at, **changed):
    at(NOW - MINUTE)
    stamp = timed_token.new_token()
    at(NOW)
    data = {"stamp": stamp, "name": "Jo Miller", "best_time": "any", "topic": "cost", "calls": "on", TRAP: ""}
    return client.post("/callback/", {**data, "phone": "(808) 555-0134", **changed})


def test_nobody_is_given_a_zone_they_did_not_choose(client, clinic, at):
    at(NOW)
    shown = client.get("/callback/").content.decode()
    assert re.findall("<option[^>]*selected[^>]*>", shown) == ['<option value="" selected>']
    asked = post_callback(client, at, time_zone="")
    assert (asked.status_code, "Select your time zone" in asked.content.decode()) == (422, True)


def test_area_code_of_another_zone_is_asked_about_once(client, clinic, at):
    asked = post_callback(client, at, time_zone="America/New_York")
    assert (asked.status_code, "Hawaii" in asked.content.decode()) == (422, True)
    kept = {"time_zone": "America/New_York", "kept_time_zone": "America/New_York"}
    assert post_callback(client, at, **kept).status_code == 303
    there = post_callback(client, at, time_zone="Pacific/Honolulu", phone="(808) 555-0135")
    assert there.status_code == 303, re.findall('(?s)id="errors".*?</div>', there.content.decode())


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "America/Los_Angeles", "America/Denver"])
def test_promise_ends_in_hours_in_which_the_call_may_be_made(clinic, zone):
    """Asked at any half hour of a week, wherever the person is."""
    monday = dt.datetime(2027, 1, 11, tzinfo=dt.UTC)
    for number in range(7 * 48):
        asked = monday + number * 30 * MINUTE
        promised = promised_time(asked, zone)
        assert dt.time(8) <= promised.astimezone(ZoneInfo(zone)).time() <= dt.time(21), asked
        assert promised > asked
