"""The desk's calendar: what it shows, and each thing that can be done with a call, by the rules of the actions."""

import datetime as dt
import re

import pytest

from clinic import roles
from signups.calls.actions import available_slots_for
from signups.calls.choices import CallStatus
from signups.calls.models import OnboardingCall
from signups.messages.models import OutboxMessage
from tests.factories import calls, users
from tests.factories import hosts as factories_hosts

pytestmark = pytest.mark.django_db

CALENDAR = "/admin/signups/onboardingcall/"
UTC = dt.UTC
NOW = dt.datetime(2026, 11, 16, 13, 0, tzinfo=UTC)  # a Monday, 8 a.m. in New York
TUESDAY_10 = dt.datetime(2026, 11, 17, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def frozen(clinic, time_machine):
    clinic.call_notice_minutes = 60
    clinic.save()
    time_machine.move_to(NOW, tick=False)


def make_host(first_name="Ann", role=roles.COORDINATOR):
    """Works Mondays and Tuesdays from 9 to 12, in New York."""
    host = factories_hosts.HostFactory(user=users.UserFactory(first_name=first_name, last_name="Lee", role=role))
    for weekday in (0, 1):
        factories_hosts.AvailabilityRuleFactory(host=host, weekday=weekday)
    return host


@pytest.fixture
def ann():
    return make_host()


@pytest.fixture
def desk(client, ann):
    client.force_login(ann.user)
    return client


@pytest.fixture
def head(client):
    client.force_login(users.UserFactory(role=roles.HEAD))
    return client


def book(host, start=TUESDAY_10, name="Jo Miller", **fields):
    return calls.OnboardingCallFactory(host=host, starts_at=start, lead__name=name, created_at=NOW, **fields)


def columns(page):
    """Heading → texts of what stands under it."""
    found = {}
    for part in page.content.decode().split('<section class="column')[1:]:
        text = " ".join(part.split("</section>")[0].replace("<", " <").split())
        found[text.split("<a ")[1].split(">")[1].split("<")[0].strip()] = text
    return found


def test_only_those_who_work_calls_see_the_calendar(client, ann):
    call = book(ann)
    seen = {}
    for role in (roles.HEAD, roles.COORDINATOR, roles.EDITOR, roles.AUDITOR):
        client.force_login(users.UserFactory(role=role))
        seen[role] = [client.get(path).status_code for path in (CALENDAR, f"{CALENDAR}{call.public_id}/")]
    assert list(seen.values()) == [[200, 200], [200, 200], [403, 403], [403, 403]]


def test_week_shows_calls_free_times_time_off_and_holidays(desk, ann):
    book(ann)
    factories_hosts.TimeOffFactory(
        host=ann, starts_at=dt.datetime(2026, 11, 16, 14, tzinfo=UTC), ends_at=dt.datetime(2026, 11, 16, 16, tzinfo=UTC)
    )
    factories_hosts.HolidayFactory(date=dt.date(2026, 11, 20), name="Founders’ Day")
    found = columns(desk.get(f"{CALENDAR}?day=2026-11-18"))
    assert list(found) == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    assert "Ann Lee is away 9 a.m. to 11 a.m." in found["Monday"]
    assert [found["Monday"].count(f"{time} available") for time in ("10:30 AM", "11:00 AM", "11:30 AM")] == [0, 1, 1]
    assert "Jo Miller" in found["Tuesday"]
    assert "10:00 AM available" not in found["Tuesday"]
    assert "Founders’ Day" in found["Friday"]
    assert "No calls or availability" in found["Sunday"]


def test_equal_times_are_level(desk, ann):
    found = columns(desk.get(CALENDAR))
    rows = {day: [part.split('"')[0] for part in found[day].split('<li class="')[1:]] for day in ("Monday", "Tuesday")}
    assert rows["Monday"] == rows["Tuesday"][-len(rows["Monday"]) :]
    assert rows["Tuesday"][0] == "calendar-row-1"


def test_day_has_a_column_for_each_host_and_one_for_me(desk, ann):
    bob = make_host("Bob")
    book(bob)
    found = columns(desk.get(f"{CALENDAR}?day=2026-11-17&span=day"))
    assert list(found) == ["Ann Lee", "Bob Lee"]
    assert ["Jo Miller" in found[name] for name in found] == [False, True]
    assert list(columns(desk.get(f"{CALENDAR}?day=2026-11-17&span=day&who=mine"))) == ["Ann Lee"]
    assert "Jo Miller" not in desk.get(f"{CALENDAR}?who=mine").content.decode()
    assert "Jo Miller" in desk.get(f"{CALENDAR}?who={bob.public_id}").content.decode()


def test_cancelled_calls_leave_the_calendar_and_others_say_what_became_of_them(desk, ann):
    book(ann, name="Gone", status=CallStatus.CANCELLED)
    book(ann, start=TUESDAY_10 + dt.timedelta(hours=1), name="Missed", status=CallStatus.NO_SHOW)
    text = desk.get(CALENDAR).content.decode()
    assert ("Gone" in text, "Missed" in text, "No-show" in text) == (False, True, True)


@pytest.mark.parametrize("query", ["day=yesterday", "day=0001-01-01", "who=me%00", "day=2026-02-30"])
def test_address_written_by_hand_is_refused(desk, query):
    assert desk.get(f"{CALENDAR}?{query}").status_code == 400


@pytest.mark.parametrize("count", [1, 30])
def test_week_takes_the_same_queries_for_one_call_and_for_many(desk, ann, count, django_assert_num_queries):
    for number in range(count):
        host = make_host(f"Host {number}")
        book(host, name=f"Lead {number}")
        factories_hosts.TimeOffFactory(host=host, starts_at=NOW)
    desk.get(CALENDAR)  # what is asked once per process is asked now
    with django_assert_num_queries(20):
        assert desk.get(CALENDAR).content.decode().count('class="appointment ') == count


def test_call_page_offers_what_can_be_booked(desk, ann):
    call = book(ann)
    page = desk.get(f"{CALENDAR}{call.public_id}/").content.decode()
    assert "Tue, Nov 17, 2026, 10:00 AM to 10:30 AM" in page
    assert 'value="2026-11-16T09:00:00-05:00"' in page
    assert ("No-show" in page, "Reassign" in page) == (False, False)


def test_move_to_an_offered_time(desk, ann):
    call = book(ann)
    response = desk.post(f"{CALENDAR}{call.public_id}/move/", {"start": "2026-11-16T11:00:00-05:00"}, follow=True)
    assert "Call rescheduled. Jo Miller is notified by email." in response.content.decode()
    call.refresh_from_db()
    assert (call.starts_at, call.sequence) == (dt.datetime(2026, 11, 16, 16, tzinfo=UTC), 1)
    assert OutboxMessage.objects.filter(kind="call_moved").count() == 1


def test_reason_lifts_hours_and_notice_but_never_another_call(desk, ann):
    call, other = book(ann), book(ann, start=TUESDAY_10 + dt.timedelta(hours=1), name="Other")
    address = f"{CALENDAR}{call.public_id}/move/"

    def move(start, forced=""):
        response = desk.post(address, {"start": start, "forced": forced})
        return response.status_code, response.content.decode()

    status, text = move("2026-11-18T15:00")
    assert (status, "To override, choose a reason." in text) == (409, True)
    assert move("2026-11-18T15:00", "asked")[0] == 303
    status, text = move("2026-11-17T11:00", "urgent")
    assert (status, "That time is already booked" in text) == (409, True)
    call.refresh_from_db()
    other.refresh_from_db()
    assert (call.starts_at, other.starts_at) == (
        dt.datetime(2026, 11, 18, 20, tzinfo=UTC),
        TUESDAY_10 + dt.timedelta(hours=1),
    )


@pytest.mark.parametrize(
    ("told", "message"),
    [({"start": ""}, "Choose a time."), ({"start": "noon"}, "Enter a date and time.")],
)
def test_time_that_is_none_is_refused_in_words(desk, ann, told, message):
    response = desk.post(f"{CALENDAR}{book(ann).public_id}/move/", told)
    assert (response.status_code, message in response.content.decode()) == (422, True)


def test_head_alone_gives_a_call_to_another_host(desk, ann, client):
    bob, call = make_host("Bob"), book(ann)
    address = f"{CALENDAR}{call.public_id}/reassign/"
    assert desk.post(address, {"host": bob.public_id}).status_code == 403
    client.force_login(users.UserFactory(role=roles.HEAD))
    assert "Reassign" in client.get(f"{CALENDAR}{call.public_id}/").content.decode()
    assert client.post(address, {"host": "nobody"}).status_code == 422
    assert client.post(address, {"host": bob.public_id}).status_code == 303
    call.refresh_from_db()
    assert (call.host, call.starts_at) == (bob, TUESDAY_10)


def test_cancel_is_told_to_the_patient(desk, ann):
    call = book(ann)
    for _ in range(2):
        assert desk.post(f"{CALENDAR}{call.public_id}/cancel/", {"confirmed": "1"}).status_code == 303
    assert OnboardingCall.objects.get().status == CallStatus.CANCELLED
    assert OutboxMessage.objects.filter(kind="call_cancelled").count() == 1
    assert desk.post(f"{CALENDAR}{call.public_id}/move/", {"start": "2026-11-16T11:00"}).status_code == 409


def test_outcome_is_noted_only_once_it_has_begun(desk, ann, time_machine):
    call = book(ann)
    addresses = [f"{CALENDAR}{call.public_id}/{deed}/" for deed in ("no-show", "complete")]
    assert [desk.post(address).status_code for address in addresses] == [409, 409]
    time_machine.move_to(TUESDAY_10, tick=False)
    desk.force_login(ann.user)  # nobody stays signed in over night
    assert "No-show" in desk.get(f"{CALENDAR}{call.public_id}/").content.decode()
    states = []
    for address in addresses:
        assert desk.post(address).status_code == 303
        call.refresh_from_db()
        states.append(call.status)
    assert states == [CallStatus.NO_SHOW, CallStatus.COMPLETED]


def test_nothing_is_done_by_following_a_link(desk, ann):
    call = book(ann)
    deeds = ("move", "reassign", "cancel", "no-show", "complete")
    assert [desk.head(f"{CALENDAR}{call.public_id}/{deed}/").status_code for deed in deeds] == [405] * 5


def view_links(desk, query):
    page = desk.get(CALENDAR + query).content.decode()
    nav = page.split('aria-label="View"')[1].split("</nav>")[0]
    return {
        name: (href, mark) for href, mark, name in re.findall(r'<a href="\?([^"]+)"( aria-current[^>]*)?>([^<]+)', nav)
    }


def test_day_is_today_in_the_week_that_has_it(desk, ann, time_machine):
    time_machine.move_to(TUESDAY_10, tick=False)
    desk.force_login(ann.user)
    assert "day=2026-11-17&" in view_links(desk, "")["Day"][0]
    assert "day=2026-11-23&" in view_links(desk, "?day=2026-11-25")["Day"][0]


def test_all_hosts_stays_on_when_pressed(desk, ann):
    href, mark = view_links(desk, "")["All hosts"]
    assert mark
    assert view_links(desk, "?" + href.replace("&amp;", "&"))["All hosts"] == (href, mark)


def test_calendar_writes_times_in_one_way(desk, ann):
    page = desk.get(CALENDAR).content.decode()
    assert re.findall(r'<li class="calendar-row-\d+">(\d+:00 [AP]M)</li>', page)
    assert not re.search(r"\d (a\.m\.|p\.m\.)|>noon|>midnight", page)


def test_calls_of_a_host_who_left_stay_in_sight_and_nobody_is_moved_onto_them(desk, ann):
    sam = make_host("Sam")
    call = calls.OnboardingCallFactory(host=sam, lead__name="Jo Miller", starts_at=TUESDAY_10)
    assert sam.pk in {host for _, hosts in available_slots_for(now=NOW, moving=call) for host in hosts}
    sam.active = False
    sam.save()
    assert "Jo Miller" in desk.get(f"{CALENDAR}?day=2026-11-17").content.decode()
    assert {host for _, hosts in available_slots_for(now=NOW, moving=call) for host in hosts} == {ann.pk}


def test_a_refused_time_stays_in_the_form(desk, ann):
    call = book(ann)
    refused = desk.post(f"{CALENDAR}{call.public_id}/move/", {"start": "2026-11-16T06:30"})
    assert (refused.status_code, 'value="2026-11-16T06:30"' in refused.content.decode()) == (409, True)


def test_what_is_said_of_messages_is_what_was_written(desk, ann):
    call = book(ann)
    call.lead.email = call.lead.email_key = ""
    call.lead.save()
    moved = desk.post(f"{CALENDAR}{call.public_id}/move/", {"start": "2026-11-16T11:00:00-05:00"}, follow=True)
    assert "Jo Miller was not notified: there is no address to write to." in moved.content.decode()
    assert not OutboxMessage.objects.filter(kind="call_moved").exists()


def test_outcome_and_note_are_one_form_for_the_host_of_somebody_elses_lead(desk, ann):
    call = book(ann, start=NOW - dt.timedelta(minutes=10), lead__owner=users.UserFactory(role=roles.COORDINATOR))
    assert 'name="note"' in desk.get(f"{CALENDAR}{call.public_id}/").content.decode()
    refused = desk.post(f"{CALENDAR}{call.public_id}/complete/", {"note": "x" * 5001})
    assert (refused.status_code, "x" * 5001 in refused.content.decode()) == (422, True)
    assert desk.post(f"{CALENDAR}{call.public_id}/complete/", {"note": "Has questions."}).status_code == 303
    call.refresh_from_db()
    call.lead.refresh_from_db()
    assert (call.status, call.lead.status) == ("completed", "contacted")
    assert [(note.text, note.author) for note in call.lead.notes.all()] == [("Has questions.", ann.user)]
