"""What a person says last holds for everything that already waits: callbacks, booked calls, invitations, messages."""

import datetime as dt
import re

import pytest
from django.test import Client

from clinic import roles
from signups.calls.choices import AlertKind, CallStatus
from signups.calls.models import CallAlert, OnboardingCall
from signups.consents.choices import ConsentPurpose
from signups.duplicates.merging import merge_leads
from signups.leads import links as lead_links
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from signups.web import timed_token
from tests.factories.callbacks import CallAttemptFactory, CallbackRequestFactory
from tests.factories.consents import ConsentFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 1, 13, 15, 0, tzinfo=dt.UTC)  # a Wednesday, 10 a.m. in New York
CALL = dt.datetime(2027, 1, 15, 19, 0, tzinfo=dt.UTC)  # Friday, 2 p.m. there
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def at(time_machine):
    return lambda moment: time_machine.move_to(moment, tick=False)


def new_host(first_name, **names):
    user = UserFactory(role=roles.COORDINATOR, first_name=first_name, email=f"{first_name.lower()}@harbor.example")
    host = HostFactory(user=user, **names)
    for weekday in range(7):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=9 * 60, end=17 * 60)
    return host


@pytest.fixture
def host(clinic):
    return new_host("Hana")


@pytest.fixture
def lead(clinic, at):
    at(NOW)
    lead = LeadFactory(name="Jo Miller", phone="(212) 555-0123")
    TrialFactory(lead=lead, started_at=NOW - HOUR, requested_at=NOW - HOUR)
    return lead


@pytest.fixture
def staff(clinic, at):
    at(NOW)
    client = Client()
    client.force_login(UserFactory(role=roles.HEAD))
    return client


def address(lead, rest=""):
    return lead_links.portal_url(lead).removeprefix("http://127.0.0.1:8000") + rest


@pytest.fixture
def post(client, at):
    """Posts a form of a private page as a browser would: rendered a minute before it is sent."""

    def post(lead, rest, now=NOW, **data):
        at(now - MINUTE)
        stamp = timed_token.new_token()
        at(now)
        return client.post(address(lead, rest), {"stamp": stamp, **data})

    return post


@pytest.fixture
def booked(lead, host, post):
    assert post(lead, "call/", start=CALL.isoformat(), reminders="on").status_code == 303
    return OnboardingCall.objects.get(lead=lead)


def ask_for_a_call(post, lead, **changed):
    data = {"phone": "(212) 555-0123", "time_zone": "America/New_York", "best_time": "any", "topic": "cost"}
    assert post(lead, "callback/", **data, calls="on", **changed).status_code == 303
    return lead.callbacks.get(closed_at=None)


def change_details(client, lead, **changed):
    lead.refresh_from_db()
    names = ("name", "phone", "preferred_channel", "best_time", "time_zone")
    return client.post(address(lead, "details/"), {**{name: getattr(lead, name) for name in names}, **changed})


def page_of_callback(staff, callback):
    staff.post(f"/admin/signups/callbackrequest/{callback.public_id}/claim/")
    return staff.get(f"/admin/signups/callbackrequest/{callback.public_id}/").content.decode()


def page_of_lead(staff, lead):
    return staff.get(f"/admin/signups/lead/{lead.pk}/change/").content.decode()


def page_of_call(staff, call):
    return staff.get(f"/admin/signups/onboardingcall/{call.public_id}/").content.decode()


def test_host_can_dial_the_call_that_was_booked(client, host, staff, at, post):
    at(NOW)
    lead = LeadFactory(phone="")
    TrialFactory(lead=lead, started_at=NOW - HOUR, requested_at=NOW - HOUR)
    assert post(lead, "call/", start=CALL.isoformat(), phone="212 555 0123").status_code == 303
    call = lead.calls.get()
    for moment, may in ((CALL - HOUR, True), (CALL - MINUTE, True), (CALL + MINUTE, True), (CALL + 2 * HOUR, False)):
        at(moment)
        client.force_login(host.user)
        for page in (page_of_call(client, call), page_of_lead(client, lead)):
            assert ('href="tel:+12125550123"' in page) == may, moment
        assert ("Don’t call:" in page_of_lead(client, lead)) == (not may)


def test_the_hour_that_the_person_chose_is_no_night(client, host, lead, staff, at, post):
    """Who books at 7:30 a.m. of their own day is called then, not an hour before."""
    lead.time_zone = "America/Los_Angeles"
    lead.save()
    early = dt.datetime(2027, 1, 15, 15, 30, tzinfo=dt.UTC)
    post(lead, "call/", start=early.isoformat())
    call = lead.calls.get()
    for moment, may in ((early - 30 * MINUTE, False), (early, True)):
        at(moment)
        staff.force_login(host.user)
        assert ('href="tel:' in page_of_call(staff, call)) == may


def test_new_number_reaches_the_open_callback(client, lead, staff, post):
    callback = ask_for_a_call(post, lead)
    assert change_details(client, lead, phone="(646) 555-0177").status_code == 303
    assert 'href="tel:+16465550177"' in page_of_callback(staff, callback)
    assert "(646) 555-0177" in client.get(address(lead)).content.decode()


@pytest.mark.parametrize("page", ["details/", "call/zone/"])
def test_new_zone_reaches_the_open_callback(client, lead, host, staff, post, page):
    callback = ask_for_a_call(post, lead)
    if page == "details/":
        change_details(client, lead, time_zone="Pacific/Honolulu")  # 5 a.m. there
    else:
        client.post(address(lead, page), {"time_zone": "Pacific/Honolulu"})
    callback.refresh_from_db()
    assert callback.time_zone == "Pacific/Honolulu"
    desk = page_of_callback(staff, callback)
    assert ("Don’t call now" in desk, "Call (212)" in desk) == (True, False)
    assert "Call (212)" not in page_of_lead(staff, lead)
    data = {"form_key": "b54a5cb2-4e3d-4a57-9c3f-0f2f6c9f0001", "number": 1, "outcome": "reached"}
    attempt = staff.post(f"/admin/signups/callbackrequest/{callback.public_id}/attempt/", data)
    assert (attempt.status_code, callback.attempts.count()) == (409, 0)


def test_promise_is_moved_out_of_the_night_of_the_new_zone(client, lead, post):
    """Promised by 2 p.m. in New York. The clinic's hours are night in Singapore, so nobody can call there."""
    callback = ask_for_a_call(post, lead)
    before = callback.due_at
    change_details(client, lead, time_zone="Pacific/Honolulu")
    callback.refresh_from_db()
    assert callback.due_at >= before
    assert 8 <= callback.due_at.astimezone(dt.timezone(-10 * HOUR)).hour < 21
    change_details(client, lead, time_zone="Asia/Singapore")  # 9 to 5 in New York is 10 p.m. to 6 a.m. there
    callback.refresh_from_db()
    assert callback.outcome == "night_there"
    assert "night in your time zone" in client.get(address(lead)).content.decode()


def test_retry_is_moved_out_of_the_night_of_the_new_zone(client, lead, at):
    callback = CallbackRequestFactory(lead=lead, created_at=NOW - 2 * HOUR)
    CallAttemptFactory(request=callback, attempted_at=NOW - HOUR, next_attempt_at=NOW + MINUTE)
    change_details(client, lead, time_zone="Pacific/Honolulu")
    retry = lead.callbacks.open().get().call_at
    assert retry > NOW
    assert 8 <= retry.astimezone(dt.timezone(-10 * HOUR)).hour < 21


def test_new_best_time_reaches_the_open_callback(client, lead, post):
    callback = ask_for_a_call(post, lead)
    change_details(client, lead, best_time="evening")
    callback.refresh_from_db()
    assert callback.best_time == "evening"


def test_a_booked_call_keeps_a_number(client, booked, lead, staff):
    refused = change_details(client, lead, phone="", preferred_channel="email")
    assert refused.status_code == 422
    assert "keep a phone number, or cancel the call first" in refused.content.decode()
    lead.refresh_from_db()
    assert lead.phone == "(212) 555-0123"
    client.post(address(lead, "call/cancel/"))
    assert change_details(client, lead, phone="", preferred_channel="email").status_code == 303


def test_staff_book_no_call_without_a_number(host, staff, at):
    at(NOW)
    lead = LeadFactory(phone="")
    page = f"/admin/signups/lead/{lead.pk}/book/"
    refused = staff.post(page, {"start": CALL.isoformat()})
    assert (refused.status_code, lead.calls.count()) == (422, 0)
    assert "Ask for the number" in refused.content.decode()
    assert staff.post(page, {"start": CALL.isoformat(), "phone": "12"}).status_code == 422
    assert staff.post(page, {"start": CALL.isoformat(), "phone": "(646) 555-0177"}).status_code == 303
    lead.refresh_from_db()
    assert (lead.phone_e164, lead.calls.count()) == ("+16465550177", 1)


def test_do_not_call_cancels_the_booked_call(client, booked, lead, staff, post, at):
    callback = ask_for_a_call(post, lead)
    data = {"form_key": "b54a5cb2-4e3d-4a57-9c3f-0f2f6c9f0002", "number": 1, "outcome": "do_not_call"}
    page = f"/admin/signups/callbackrequest/{callback.public_id}/attempt/"
    asked = staff.post(page, data).content.decode()
    assert "Their onboarding call on" in asked
    assert "is canceled" in asked
    assert staff.post(page, {**data, "confirmed": "1"}).status_code == 303
    assert "Try again" not in page_of_lead(staff, lead)
    booked.refresh_from_db()
    callback.refresh_from_db()
    assert (booked.status, callback.outcome) == (CallStatus.CANCELLED, "do_not_call")
    told = OutboxMessage.objects.filter(calendar_method="CANCEL").values_list("to", flat=True)
    assert sorted(told) == sorted([lead.email, "hana@harbor.example"])
    at(CALL)
    while delivery.deliver_due(lambda: CALL):
        pass
    assert not OutboxMessage.objects.filter(kind__startswith="call_", kind__endswith="before", status="sent").exists()
    assert "Hana" not in client.get(address(lead)).content.decode()


@pytest.mark.parametrize("how", ["outreach", "consent", "private page"])
def test_every_way_to_say_do_not_call_cancels_the_booked_call(client, booked, lead, staff, how):
    ConsentFactory(lead=lead, text__purpose=ConsentPurpose.CALLS, created_at=NOW - HOUR)
    if how == "outreach":
        staff.post(f"/admin/signups/lead/{lead.pk}/log-outreach/", {"outcome": "do_not_call", "confirmed": "1"})
    elif how == "consent":
        data = {"purpose": "calls", "agrees": "no", "channel": "phone"}
        asked = staff.post(f"/admin/signups/lead/{lead.pk}/consent/", data).content.decode()
        assert "Ends with it: onboarding call on" in asked
        assert lead.calls.upcoming(NOW).exists()
        staff.post(f"/admin/signups/lead/{lead.pk}/consent/", {**data, "confirmed": "1"})
    else:
        page = client.get(address(lead, "consents/")).content.decode()
        assert "we also cancel the call that you booked" in page
        client.post(address(lead, "consents/"), {"reminders": "on"})
    booked.refresh_from_db()
    assert booked.status == CallStatus.CANCELLED


def test_who_books_after_do_not_call_is_called(client, booked, lead, staff, post):
    client.post(address(lead, "call/cancel/"))
    staff.post(f"/admin/signups/lead/{lead.pk}/log-outreach/", {"outcome": "do_not_call", "confirmed": "1"})
    assert post(lead, "call/", start=CALL.isoformat(), now=NOW + HOUR).status_code == 303
    assert lead.calls.upcoming(NOW).count() == 1


@pytest.mark.parametrize(("choice", "status"), [("cancel", CallStatus.CANCELLED), ("keep", CallStatus.BOOKED)])
def test_closing_a_lead_asks_what_becomes_of_the_call(client, booked, lead, staff, post, choice, status):
    callback = ask_for_a_call(post, lead)
    data = {"seen": "new", "to": "closed", "reason": "Moved away"}
    page = f"/admin/signups/lead/{lead.pk}/change-status/"
    asked = staff.post(page, data)
    assert (asked.status_code, "Still open: onboarding call on" in asked.content.decode()) == (409, True)
    assert 'name="open_work"' in page_of_lead(staff, lead)
    staff.post(page, data | {"open_work": choice})
    lead.refresh_from_db()
    booked.refresh_from_db()
    callback.refresh_from_db()
    assert (lead.status, booked.status) == (LeadStatus.CLOSED, status)
    assert callback.outcome == ("lead_closed" if choice == "cancel" else "")


def test_reminders_are_promised_as_long_as_they_are_to_come(client, booked, lead, at):
    """The box on the private page is about the trial: who unticks it is still reminded of the call they booked."""

    def promise(now):
        at(now)
        return re.findall(r"We’ll send a reminder ([^.]*)\.", client.get(address(lead, "call/")).content.decode())

    assert promise(NOW) == ["a day before and an hour before by email"]
    client.post(address(lead, "consents/"), {})
    assert promise(NOW) == ["a day before and an hour before by email"]
    for now, words in ((CALL - 24 * HOUR, ["an hour before by email"]), (CALL - HOUR, [])):
        while delivery.deliver_due(lambda now=now: now):
            pass
        assert promise(now + MINUTE) == words
    assert OutboxMessage.objects.filter(kind__endswith="before", status="sent").count() == 2


def test_new_initials_reach_the_invitation_of_the_host(client, booked, lead):
    change_details(client, lead, name="Jo Smith")
    first, again = OutboxMessage.objects.filter(kind="host_call").order_by("created_at", "dedupe_key")
    assert {"J. M." in first.calendar, "J. S." in again.calendar} == {True}
    assert first.call_sequence == again.call_sequence == 0


def test_merged_address_takes_over_what_waits(booked, lead, staff):
    other = LeadFactory(name="Jo Miller", email="new@example.com", phone=lead.phone)
    head = UserFactory(role=roles.HEAD)
    merge_leads(lead=lead, other=other, from_other={"email"}, by=head, now=NOW + MINUTE)
    waiting = OutboxMessage.objects.pending().exclude(kind__startswith="host_")
    assert set(waiting.values_list("to", flat=True)) == {"new@example.com"}
    invitation = OutboxMessage.objects.get(kind="call_booked").calendar.replace("\r\n ", "")
    assert "mailto:new@example.com" in invitation


def test_calls_and_callbacks_of_a_colleague_who_leaves(booked, lead, host, post, client):
    callback = ask_for_a_call(post, lead)
    callback.claimed_by, callback.claimed_at = host.user, NOW
    callback.save()
    ida = new_host("Ida")
    host.user.is_active = False
    host.user.save()
    booked.refresh_from_db()
    callback.refresh_from_db()
    assert (booked.host, booked.sequence, callback.claimed_by) == (ida, 1, None)
    assert "Ida" in client.get(address(lead)).content.decode()


def test_nobody_free_for_the_call_of_who_leaves_is_told_to_staff(booked, lead, host, staff):
    host.user.is_active = False
    host.user.save()
    booked.refresh_from_db()
    assert (booked.host, CallAlert.objects.open(NOW).get().kind) == (host, AlertKind.HOST_LEFT)
    assert "the host has left" in staff.get("/admin/").content.decode()
    alert = CallAlert.objects.get()
    assert "the host has left" in page_of_call(staff, booked)
    staff.post(f"/admin/signups/onboardingcall/{booked.public_id}/alert/{alert.pk}/settle/")
    assert not CallAlert.objects.open(NOW).exists()


def test_wrong_number_asks_for_another_and_is_not_dialled(client, booked, lead, staff, post, at):
    """The booked call stands, but nobody dials the number at which a stranger answered, and the person is asked."""
    callback = ask_for_a_call(post, lead)
    page = f"/admin/signups/callbackrequest/{callback.public_id}/"
    staff.post(page + "claim/")
    data = {"form_key": "b54a5cb2-4e3d-4a57-9c3f-0f2f6c9f0002", "number": 1, "outcome": "wrong_number"}
    asked = staff.post(page + "attempt/", data).content.decode()
    assert f"{lead.email} is asked for another one: their booked call needs it" in asked
    staff.post(page + "attempt/", data | {"confirmed": "yes"})
    booked.refresh_from_db()
    assert (booked.status, CallAlert.objects.open(NOW).get().kind) == (CallStatus.BOOKED, AlertKind.WRONG_NUMBER)
    letters = OutboxMessage.objects.filter(kind__in=["call_needs_number", "callback_unreachable"])
    assert [(one.kind, "call/number/" in one.text) for one in letters] == [("call_needs_number", True)]
    at(CALL)  # the very minute of the call
    staff.force_login(UserFactory(role=roles.HEAD))
    assert 'href="tel:' not in page_of_call(staff, booked) + page_of_lead(staff, lead)
    assert "someone else answers at this number" in page_of_call(staff, booked)
    at(NOW)
    shown = client.get(address(lead, "call/")).content.decode()
    assert ("Someone else answered at (212) 555-0123" in shown, "will call you at" in shown) == (True, False)
    for number in ("(212) 555-0123", "(646) 555-0177"):  # their word counts, also when it is the same number
        lead.refresh_from_db()
        lead.wrong_number_at = NOW
        lead.save()
        assert client.post(address(lead, "call/number/"), {"phone": "12"}).status_code == 422
        assert client.post(address(lead, "call/number/"), {"phone": number}).status_code == 303
        assert f"will call you at {number}" in client.get(address(lead, "call/")).content.decode()
    assert not CallAlert.objects.open(NOW).exists()
    at(CALL)
    staff.force_login(UserFactory(role=roles.HEAD))
    assert 'href="tel:+16465550177"' in page_of_call(staff, booked)
    while delivery.deliver_due(lambda: NOW + HOUR):
        pass
    assert OutboxMessage.objects.get(kind="call_needs_number").status == "cancelled"


def test_call_of_somebody_without_a_number_asks_for_one_and_says_nothing_else(client, booked, lead, staff, at):
    at(NOW)
    Lead.objects.filter(pk=lead.pk).update(phone="", phone_e164="")
    for page in ("call/", "call/number/"):
        shown = client.get(address(lead, page)).content.decode()
        assert ("umber" in shown, "someone else answered" in shown.lower()) == (True, False)
    staff.force_login(UserFactory(role=roles.HEAD))
    card = page_of_lead(staff, lead).partition('class="card-next"')[2].partition("</section>")[0]
    assert "Ask for a phone number" in card
    assert f'class="button" href="/admin/signups/lead/{lead.pk}/contact/"' in card


def test_wrong_number_of_somebody_who_cannot_be_asked_cancels_the_call(host, lead, staff, post, at):
    lead.email_bounced_at = NOW
    lead.save()
    ConsentFactory(lead=lead, text__purpose=ConsentPurpose.CALLS, created_at=NOW - HOUR)
    post(lead, "call/", start=CALL.isoformat())
    staff.post(f"/admin/signups/lead/{lead.pk}/log-outreach/", {"outcome": "wrong_number", "confirmed": "1"})
    assert lead.calls.get().status == CallStatus.CANCELLED
    assert OutboxMessage.objects.filter(kind="host_call_cancelled").count() == 1
    assert "Someone else answers at their number" in page_of_lead(staff, lead)
    refused = staff.post(f"/admin/signups/lead/{lead.pk}/book/", {"start": CALL.isoformat()})
    assert (refused.status_code, "Ask for the number" in refused.content.decode()) == (422, True)
    staff.post(f"/admin/signups/lead/{lead.pk}/address-works/", {"channel": "call"})
    assert staff.post(f"/admin/signups/lead/{lead.pk}/book/", {"start": CALL.isoformat()}).status_code == 303
