"""Asking for a call on the site and on one's own page: what it takes, what it refuses, what it says."""

import datetime as dt

import pytest

from signups.audit.models import AuditEvent
from signups.callbacks.models import CallbackRequest
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.web import timed_token
from tests.factories import callbacks, leads
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic(clinic):
    """Open on every weekday from 9 to 5, in New York."""
    clinic.opening_hours = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]
    clinic.save()
    return clinic


@pytest.fixture
def post(client, time_machine):
    """Posts a callback form as a browser would: rendered a minute before it is sent."""

    def send(url="/callback/", stamp=None, at=NOW, **changed):
        if stamp is None:
            time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
            stamp = timed_token.new_token()
        time_machine.move_to(at, tick=False)
        data = {
            "stamp": stamp,
            "aq_7": "",
            "name": "Jo Miller",
            "phone": "(212) 555-0123",
            "time_zone": "America/New_York",
            "best_time": "any",
            "topic": "cost",
            "calls": "on",
            **changed,
        }
        return client.post(url, {name: value for name, value in data.items() if value is not None})

    return send


@pytest.fixture
def mine(clinic):
    """A lead and the path of their own page."""
    lead = leads.LeadFactory(phone="212 555 0188", phone_e164="+12125550188")
    return lead, "/my/" + lead_links.portal_url(lead).split("/my/")[1]


def test_form_asks_for_nothing_clinical_and_no_address(clinic, client):
    page = client.get("/callback/").content.decode()
    form = page.split("<form")[1].split("</form>")[0]
    assert {part.split('"')[0] for part in form.split(' name="')[1:]} == {
        "csrfmiddlewaretoken",
        "stamp",
        "aq_7",
        "aq_8",
        "name",
        "phone",
        "kept_phone",
        "time_zone",
        "kept_time_zone",
        "best_time",
        "topic",
        "calls",
        "ask",
    }
    assert "<textarea" not in page
    assert " checked" not in form.split('type="checkbox"')[1].split(">")[0]


def test_page_says_by_when_and_whom_to_call_in_a_crisis(clinic, client, time_machine):
    time_machine.move_to(NOW, tick=False)
    page = client.get("/callback/")
    assert "Request now and we’ll call by 2:00 PM today (Eastern Time)" in page.content.decode()
    assert "In a crisis, call or text 988." in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_page_promises_nothing_while_nobody_answers_the_phone(clinic, client, time_machine):
    time_machine.move_to(NOW, tick=False)
    pages = []
    for hours in (clinic.opening_hours, []):
        clinic.opening_hours = hours
        clinic.save()
        pages.append(client.get("/callback/").content.decode())
    assert [("Request now" in page, 'name="phone"' in page) for page in pages] == [(True, True), (False, True)]


def test_landing_page_leads_to_the_form(clinic, client):
    from django.template.loader import render_to_string

    assert 'href="/callback/"' in render_to_string("content/blocks/_call.html", {"clinic": clinic})


def test_request_ends_at_a_page_that_says_by_when_in_their_time(clinic, client, post):
    response = post(time_zone="America/Los_Angeles", kept_time_zone="America/Los_Angeles")
    assert (response.status_code, response["Location"].split("?")[0]) == (303, "/callback/thanks/")
    page = client.get(response["Location"]).content.decode()
    assert "by <strong>11:00 AM today</strong>, your time" in page
    assert "In a crisis, call or text 988." in page
    assert [lead.phone_e164 for lead in Lead.objects.all()] == ["+12125550123"]


@pytest.mark.parametrize("query", ["", "?by=forged"])
def test_thanks_without_its_signed_address_promises_no_time(clinic, client, query):
    page = client.get(f"/callback/thanks/{query}")
    assert (page.status_code, "at the number you gave" in page.content.decode()) == (200, True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": ""}, "Enter your name."),
        ({"phone": ""}, "Enter a phone number, like 212-555-0123."),
        ({"phone": "995-265-656"}, "Check the phone number. It has too many or too few digits."),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice. Mars/Olympus is not one of the available choices."),
        (
            {"time_zone": "Asia/Tokyo"},
            "We only call between 8:00 AM and 9:00 PM your time, and our office is closed then.",
        ),
        ({"topic": "my health"}, "Select a valid choice. my health is not one of the available choices."),
        ({"calls": None}, "Check the box to let us call you. We cannot call without your permission."),
        ({"aq_7": "https://spam.example"}, "Please submit the form once more."),
        ({"stamp": "forged"}, "Something went wrong. Please submit the form again."),
    ],
)
def test_refusal_says_why_and_keeps_what_was_typed(clinic, post, changed, message):
    response = post(**changed)
    page = response.content.decode()
    assert (response.status_code, message in page, "<title>Error: " in page) == (422, True, True)
    assert 'value="Jo Miller"' in page or "name" in changed
    assert (Lead.objects.count(), AuditEvent.objects.count()) == (0, 0)


def test_same_form_twice_does_its_work_once(clinic, post, time_machine):
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    stamp = timed_token.new_token()
    first, second = post(stamp=stamp), post(stamp=stamp)
    assert (first.status_code, second.status_code, CallbackRequest.objects.count()) == (303, 303, 1)


def test_same_form_after_days_gets_the_same_answer(clinic, post, time_machine):
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    stamp, later = timed_token.new_token(), NOW + dt.timedelta(days=3)
    first, second = post(stamp=stamp), post(stamp=stamp, at=later)
    assert (first.status_code, second.status_code, CallbackRequest.objects.count()) == (303, 303, 1)
    assert post(stamp=stamp, at=later, phone="212 555 0199").status_code == 422


def test_known_number_is_answered_like_a_new_one(clinic, post):
    first, second = post(), post(name="jo miller")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first["Location"].split("?")[0] == second["Location"].split("?")[0]


def test_nobody_is_made_to_ring_all_day_through_us(clinic, post):
    assert [post().status_code for _ in range(11)] == [303] * 10 + [429]


def test_own_page_asks_without_the_name_and_shows_the_call_on_its_way(mine, client, post):
    lead, path = mine
    asked = client.get(f"{path}callback/")
    form = asked.content.decode()
    assert dict(asked.cookies) == {}
    assert ('value="212 555 0188"' in form, 'name="name"' in form) == (True, False)
    response = post(f"{path}callback/", phone="212 555 0188", name=None)
    assert (response.status_code, response["Location"].split("?")[0]) == (303, path)
    assert "by <strong>2:00 PM today</strong>, your time" in client.get(path).content.decode()
    request = lead.callbacks.get()
    assert (request.phone_e164, request.consent.channel) == ("+12125550188", "page")


def test_own_page_refuses_a_second_call_while_one_is_on_its_way(mine, client, post, time_machine):
    _, path = mine
    time_machine.move_to(NOW - dt.timedelta(minutes=1), tick=False)
    stamp = timed_token.new_token()
    statuses = [post(f"{path}callback/", stamp=stamp).status_code for _ in range(2)] + [
        post(f"{path}callback/").status_code
    ]
    assert (statuses, CallbackRequest.objects.count()) == ([303, 303, 409], 1)
    assert "We’re going to call you" in client.get(f"{path}callback/").content.decode()


def test_own_page_says_what_is_wrong(mine, post):
    response = post(f"{mine[1]}callback/", phone="")
    assert (response.status_code, "Enter a phone number" in response.content.decode()) == (422, True)


def test_own_page_takes_the_wish_back_with_a_button_only(mine, client, post):
    lead, path = mine
    post(f"{path}callback/")
    assert "Yes, cancel this call" in client.get(f"{path}callback/cancel/").content.decode()
    assert lead.callbacks.get().closed_at is None
    assert client.post(f"{path}callback/cancel/").status_code == 303
    assert lead.callbacks.get().outcome == "cancelled"
    assert "You do not have a call scheduled" in client.get(f"{path}callback/cancel/").content.decode()


def test_own_page_tells_who_could_not_be_reached(mine, client):
    lead, path = mine
    callbacks.CallbackRequestFactory(lead=lead, closed_at=NOW, outcome="unreachable")
    assert "We tried to call you but could not reach you." in client.get(path).content.decode()


def test_own_page_owns_up_when_we_are_late_and_says_when_we_try_again(mine, client, time_machine):
    lead, path = mine
    request = callbacks.CallbackRequestFactory(lead=lead, due_at=NOW)
    time_machine.move_to(NOW + dt.timedelta(minutes=1), tick=False)
    assert "We said we’d call by 10:00 AM today, your time, and we’re late." in client.get(path).content.decode()
    callbacks.CallAttemptFactory(request=request, attempted_at=NOW, next_attempt_at=NOW + dt.timedelta(hours=3))
    assert "We’ll try again around <strong>1:00 PM today</strong>, your time." in client.get(path).content.decode()
