"""A host's own calendar blocks calls, and holds the booked ones. The server is a real one: Radicale."""

import base64
import datetime as dt
from email.message import Message
from ipaddress import ip_network

import caldav
import pytest
from django.db import connection as database
from django.test import Client

from clinic import roles
from clinic.lib.outgoing_requests import Response
from signups.audit.choices import ActorKind
from signups.calendars import actions
from signups.calendars.models import BusyTime, CalendarConnection, CalendarCopy
from signups.calls.actions import available_slots_for, book_call, cancel_call, reschedule_call
from signups.calls.calendar_sync import check_next_calendar
from signups.calls.models import CallAlert
from signups.leads import contact_details
from tests.factories.calendars import BusyTimeFactory, CalendarConnectionFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.users import UserFactory

from . import radicale_server

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 1, 13, 15, 0, tzinfo=dt.UTC)
FRIDAY = dt.datetime(2027, 1, 15, 15, 0, tzinfo=dt.UTC)  # 10 a.m. in New York
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
PATIENT = {"by": ActorKind.PATIENT}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with radicale_server.running(tmp_path_factory.mktemp("radicale")) as address:
        yield address


@pytest.fixture
def host(clinic, time_machine, settings):
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    time_machine.move_to(NOW, tick=False)
    host = HostFactory(user=UserFactory(role=roles.COORDINATOR, first_name="Hana", email="hana@harbor.example"))
    AvailabilityRuleFactory(host=host, weekday=4, start=9 * 60, end=12 * 60)
    return host


@pytest.fixture
def theirs(server, request):
    """A new calendar of Hana's, as her own program sees it."""
    client = caldav.DAVClient(server, **radicale_server.ACCOUNT, enable_rfc6764=False)
    calendar = client.principal().make_calendar(name=request.node.name[:40])
    yield calendar
    calendar.delete()


@pytest.fixture
def desk(host):
    client = Client()
    client.force_login(host.user)
    return client


@pytest.fixture
def connection(desk, host, theirs):
    data = {"url": str(theirs.url), **radicale_server.ACCOUNT}
    response = desk.post(f"/admin/signups/host/{host.pk}/calendars/account/", data)
    assert response.status_code == 303, response.content.decode()
    return CalendarConnection.objects.get()


def event(start, *, length=HOUR, uid="dentist", extra=()):
    times = [f"{name}:{moment:%Y%m%dT%H%M%SZ}" for name, moment in (("DTSTART", start), ("DTEND", start + length))]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "BEGIN:VEVENT", f"UID:{uid}", "SUMMARY:A secret"]
    return "\r\n".join([*lines, "DTSTAMP:20270101T000000Z", *times, *extra, "END:VEVENT", "END:VCALENDAR", ""])


def sync(now=NOW):
    CalendarConnection.objects.update(next_check_at=now)
    assert check_next_calendar(lambda: now) == 1


def offered(now=NOW):
    return [slot.start for slot in available_slots_for(now=now, begin=FRIDAY - 2 * HOUR, end=FRIDAY + 4 * HOUR)]


def uids(calendar):
    return {str(one.icalendar_component["UID"]) for one in calendar.events()}


def test_hour_blocked_in_the_calendar_is_gone_here_within_a_minute(connection, theirs):
    assert FRIDAY in offered()
    theirs.add_event(event(FRIDAY))
    assert check_next_calendar(lambda: NOW) == 0
    assert check_next_calendar(lambda: NOW + 50 * dt.timedelta(seconds=1)) == 1
    assert [start for start in offered() if FRIDAY <= start < FRIDAY + HOUR] == []
    assert list(BusyTime.objects.values_list("starts_at", "ends_at")) == [(FRIDAY, FRIDAY + HOUR)]
    theirs.event_by_uid("dentist").delete()
    sync(NOW + 2 * MINUTE)
    assert FRIDAY in offered()


def test_recurring_free_and_cancelled_events(connection, theirs):
    theirs.add_event(event(FRIDAY - 21 * dt.timedelta(days=1), uid="weekly", extra=["RRULE:FREQ=WEEKLY"]))
    theirs.add_event(event(FRIDAY + HOUR, uid="free", extra=["TRANSP:TRANSPARENT"]))
    theirs.add_event(event(FRIDAY + HOUR, uid="off", extra=["STATUS:CANCELLED"]))
    sync()
    assert [start for start in offered() if FRIDAY <= start < FRIDAY + HOUR] == []
    assert FRIDAY + HOUR in offered()


def test_calls_are_written_follow_and_leave(connection, theirs, host):
    call = book_call(lead=LeadFactory(name="Jo Miller"), start=FRIDAY, host=host, now=NOW, **PATIENT)
    sync()
    (written,) = theirs.events()
    assert str(written.icalendar_component["SUMMARY"]) == "Onboarding call with J. M."
    assert "Miller" not in written.data
    assert FRIDAY + HOUR in offered()  # (our own entry blocks nothing by itself)
    reschedule_call(call=call, start=FRIDAY + HOUR, now=NOW, **PATIENT)
    sync(NOW + MINUTE)
    (moved,) = theirs.events()
    assert moved.icalendar_component["DTSTART"].dt == FRIDAY + HOUR
    cancel_call(call=call, now=NOW + MINUTE, **PATIENT)
    sync(NOW + 2 * MINUTE)
    assert (theirs.events(), CalendarCopy.objects.count(), CallAlert.objects.count()) == ([], 0, 0)


def test_deleted_there_is_a_task_here_and_no_cancellation(connection, theirs, host, desk):
    call = book_call(lead=LeadFactory(), start=FRIDAY, host=host, now=NOW, **PATIENT)
    sync()
    theirs.event_by_uid(call.uid).delete()
    for number in (1, 2):
        sync(NOW + number * MINUTE)
    call.refresh_from_db()
    assert call.status == "booked"
    assert list(CallAlert.objects.values_list("kind", flat=True)) == ["host_deleted"]
    assert "the host deleted it from their calendar" in desk.get("/admin/").content.decode()
    assert theirs.events() == []  # it is not forced back on them
    reschedule_call(call=call, start=FRIDAY + HOUR, now=NOW, **PATIENT)
    sync(NOW + 3 * MINUTE)
    assert uids(theirs) == {call.uid}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda text: text.replace("STATUS:CONFIRMED", "STATUS:CANCELLED"), "host_declined"),
        (lambda text: text.replace("20270115T150000Z", "20270115T160000Z", 1), "host_moved"),
    ],
)
def test_declined_or_moved_there_is_a_task_here(connection, theirs, host, change, kind):
    call = book_call(lead=LeadFactory(), start=FRIDAY, host=host, now=NOW, **PATIENT)
    sync()
    theirs.client.put(str(theirs.event_by_uid(call.uid).url), change(theirs.event_by_uid(call.uid).data))
    sync(NOW + MINUTE)
    CallAlert.objects.update(settled_at=NOW)
    sync(NOW + 2 * MINUTE)
    call.refresh_from_db()
    assert (call.starts_at, call.sequence) == (FRIDAY, 0)
    assert list(CallAlert.objects.values_list("kind", flat=True)) == [kind]


def test_last_known_busy_times_block_while_the_calendar_cannot_be_read(connection, theirs, host, desk):
    theirs.add_event(event(FRIDAY))
    sync()
    CalendarConnection.objects.update(password="revoked")
    for number in (1, 2):
        sync(NOW + number * MINUTE)
    connection.refresh_from_db()
    assert (connection.failing_since, connection.checked_at) == (NOW + MINUTE, NOW)
    assert FRIDAY not in offered()
    page = desk.get(f"/admin/signups/host/{host.pk}/calendars/").content.decode()
    assert "Cannot be read since Jan 13, 10:01 AM: The server does not accept the user name or password." in page
    assert "Your calendar cannot be read" in desk.get("/admin/").content.decode()
    CalendarConnection.objects.update(password=radicale_server.ACCOUNT["password"])
    sync(NOW + 3 * MINUTE)
    connection.refresh_from_db()
    assert connection.failing_since is None


def test_disconnecting_takes_our_calls_out_and_deletes_the_credentials(connection, theirs, host, desk):
    book_call(lead=LeadFactory(), start=FRIDAY, host=host, now=NOW, **PATIENT)
    sync()
    assert len(theirs.events()) == 1
    desk.post(f"/admin/signups/host/{host.pk}/calendars/{connection.public_id}/disconnect/")
    assert (theirs.events(), CalendarConnection.objects.count(), BusyTime.objects.count()) == ([], 0, 0)


def test_new_initials_are_written_there_unless_the_host_deleted_the_call(connection, theirs, host):
    lead = LeadFactory(name="Jo Miller")
    call = book_call(lead=lead, start=FRIDAY, host=host, now=NOW, **PATIENT)
    sync()
    rename = {"name": "Ann Reed", "now": NOW + MINUTE, **PATIENT}
    contact_details.update_contact_details(lead, **rename)
    assert check_next_calendar(lambda: NOW + MINUTE) == 1  # at once
    (written,) = theirs.events()
    assert str(written.icalendar_component["SUMMARY"]) == "Onboarding call with A. R."
    theirs.event_by_uid(call.uid).delete()
    sync(NOW + 2 * MINUTE)
    contact_details.update_contact_details(lead, **rename | {"name": "Bo Lee"})
    sync(NOW + 3 * MINUTE)
    assert theirs.events() == []


def test_calendar_of_who_left_holds_none_of_our_calls_and_we_none_of_its_credentials(connection, theirs, host):
    call = book_call(lead=LeadFactory(), start=FRIDAY, host=host, now=NOW, **PATIENT)
    sync()
    theirs.add_event(event(FRIDAY + HOUR))
    host.user.is_active = False
    host.user.save()
    sync(NOW + MINUTE)
    assert (uids(theirs), CalendarConnection.objects.count()) == ({"dentist"}, 0)
    assert call.alerts.get().kind == "host_left"


def test_private_link_is_read_as_well(server, theirs, host, desk, settings, monkeypatch):
    """Radicale gives a calendar as one file. A real link needs no password, so the test adds the one of Radicale."""
    theirs.add_event(event(FRIDAY, extra=["RRULE:FREQ=DAILY;COUNT=2"]))
    send = actions.request_calendar

    basic = "Basic " + base64.b64encode(":".join(radicale_server.ACCOUNT.values()).encode()).decode()
    monkeypatch.setattr(
        actions,
        "request_calendar",
        lambda *args, **options: send(*args, **{**options, "headers": {"Authorization": basic}}),
    )
    response = desk.post(f"/admin/signups/host/{host.pk}/calendars/link/", {"url": str(theirs.url)})
    assert response.status_code == 303, response.content.decode()
    assert FRIDAY not in offered()
    assert BusyTime.objects.count() == 2


def test_wrong_password_and_private_address_are_refused_in_words(server, theirs, host, desk, settings):
    page = f"/admin/signups/host/{host.pk}/calendars/"
    wrong = desk.post(page + "account/", {"url": str(theirs.url), "username": "hana", "password": "wrong"})
    assert (wrong.status_code, "does not accept the user name or password" in wrong.content.decode()) == (422, True)
    settings.OUTGOING_ALLOWED_NETWORKS = []
    for url in (str(theirs.url), "https://127.0.0.1/x.ics", "https://10.0.0.1/x.ics", "https://localhost/x.ics"):
        refused = desk.post(page + "link/", {"url": url})
        assert refused.status_code == 422
    assert not CalendarConnection.objects.exists()


def test_credentials_and_contents_are_stored_encrypted_or_not_at_all(connection, theirs):
    theirs.add_event(event(FRIDAY))
    sync()
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM signups_calendarconnection")
        stored = str(cursor.fetchall())
        cursor.execute("SELECT * FROM signups_busytime")
        stored += str(cursor.fetchall())
    for secret in ("hana", "an app password", "127.0.0.1", "A secret", "dentist"):
        assert secret not in stored


def test_only_the_host_and_the_head_see_the_page(host):
    client = Client()
    for role, status in ((roles.COORDINATOR, 403), (roles.HEAD, 200)):
        client.force_login(UserFactory(role=role))
        assert client.get(f"/admin/signups/host/{host.pk}/calendars/").status_code == status


def test_a_call_near_a_busy_time_keeps_its_buffers_and_costs_one_query(host, django_assert_num_queries):
    """Twenty hosts with busy calendars cost as many queries as one."""
    BusyTimeFactory(calendar=CalendarConnectionFactory(host=host), starts_at=FRIDAY, ends_at=FRIDAY + HOUR)
    offered()
    with django_assert_num_queries(10) as found:
        offered()
    for _ in range(19):
        other = HostFactory()
        AvailabilityRuleFactory(host=other, weekday=4)
        BusyTimeFactory.create_batch(20, calendar=CalendarConnectionFactory(host=other))
    with django_assert_num_queries(len(found)):
        offered()


def test_private_link_is_not_sent_again_while_it_is_as_it_was(host, desk, monkeypatch):
    """A server that answers 304 costs no parsing; the times are read anew when a day, or the host's zone, changed."""
    asked, etag = [], 'W/"v1"'

    def answer(method, url, *, headers, **rest):
        asked.append(headers.get("If-None-Match"))
        same = asked[-1] == etag
        found = Message()
        found["ETag"] = etag
        # 10 a.m., floating, every day
        body = "" if same else event(FRIDAY, extra=["RRULE:FREQ=DAILY"]).replace("T150000Z", "T100000")
        return Response(304 if same else 200, url, found, body.replace("T160000Z", "T110000").encode())

    monkeypatch.setattr(actions, "request_calendar", answer)
    desk.post(f"/admin/signups/host/{host.pk}/calendars/link/", {"url": "https://calendar.example/x.ics"})
    before = set(BusyTime.objects.values_list("pk", "starts_at"))
    sync(NOW + MINUTE)
    assert (asked, set(BusyTime.objects.values_list("pk", "starts_at"))) == ([None, etag], before)
    assert CalendarConnection.objects.get().checked_at == NOW + MINUTE
    sync(NOW + 25 * HOUR)
    last = BusyTime.objects.latest("starts_at").starts_at
    assert (asked[2], last > max(start for _, start in before)) == (None, True)
    host.time_zone = "America/Los_Angeles"
    host.save()
    sync(NOW + 25 * HOUR + MINUTE)
    assert (asked[3], (BusyTime.objects.latest("starts_at").starts_at - last) % (24 * HOUR)) == (None, 3 * HOUR)
    etag = "not a tag"
    sync(NOW + 50 * HOUR)
    assert CalendarConnection.objects.get().etag == ""
