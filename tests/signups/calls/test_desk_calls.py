"""Calls and callbacks on the lead's own page: what is in hand is two clicks from the desk, and one thing comes next."""

import datetime as dt
import re
import uuid

import pytest
from django.db import connection

from clinic import roles
from signups.callbacks.models import CallAttempt
from signups.calls.models import OnboardingCall
from tests.factories import callbacks, calls, consents, hosts, leads, trials, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
CALLS = "/admin/signups/onboardingcall/"


UNCLAIMED = {"claimed_by": None, "claimed_at": None}


@pytest.fixture(autouse=True)
def frozen(clinic, time_machine):
    clinic.opening_hours = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]
    clinic.save()
    time_machine.move_to(NOW, tick=False)  # 10 a.m. in New York


@pytest.fixture
def user(client, clinic):
    user = users.UserFactory(role=roles.COORDINATOR, username="robin")
    client.force_login(user)
    return user


def page_of(lead):
    return f"/admin/signups/lead/{lead.pk}/change/"


def taken(user, **fields):
    made = {"created_at": NOW - 5 * HOUR, "due_at": NOW - HOUR, "claimed_by": user, "claimed_at": NOW}
    return callbacks.CallbackRequestFactory(**{**made, **fields})


def begun(user, **fields):
    host = fields.pop("host", None) or hosts.HostFactory(user=user)
    number = {"lead__phone": "(212) 555-0123", "lead__phone_e164": "+12125550123"}
    return calls.OnboardingCallFactory(host=host, **{"starts_at": NOW - HOUR, **number, **fields})


def primary(page):
    """The words on each button that is drawn as the thing to do."""
    return re.findall(r'class="button(?: dial)?"[^>]*>([^<]*)<', page.content.decode().split("<main")[1])


@pytest.mark.parametrize(("what", "held"), [("Call back", {}), ("Unclaimed callback", UNCLAIMED)])
def test_an_outcome_is_two_clicks_from_the_desk(client, user, what, held):
    callback = taken(user, lead__name="Vera Visitor", **held)
    taken(users.UserFactory(), lead__name="Of somebody else")
    begun(user, lead__name="Kay Board")
    callbacks.CallbackRequestFactory(lead__name="Of nobody")
    desk = client.get("/admin/")
    assert [(task.label, task.lead_name) for task in desk.context["my_tasks"]] == [
        (what, "Vera Visitor"),
        ("Log the call outcome", "Kay Board"),
    ]
    page = client.get(desk.context["my_tasks"][0].url)  # the first click
    form = page.context["outcome_form"]
    told = {name: form[name].value() for name in ("form_key", "number", "next_attempt_at")}
    told["next_attempt_at"] = f"{told['next_attempt_at'].astimezone(dt.UTC):%Y-%m-%dT%H:%M}+00:00"
    done = client.post(  # the second, on one of the buttons that the page shows
        f"/admin/signups/callbackrequest/{callback.public_id}/attempt/",
        {**told, "outcome": "no_answer", "back": "lead"},
    )
    assert 'name="outcome" value="no_answer"' in page.content.decode()
    assert (done.status_code, done["Location"]) == (303, page_of(callback.lead))
    assert CallAttempt.objects.get().outcome == "no_answer"
    assert [task.lead_name for task in client.get("/admin/").context["my_tasks"]] == ["Kay Board"]


def test_how_a_call_went_is_said_on_the_page(client, user):
    call = begun(user)
    page = client.get(page_of(call.lead))
    assert (page.context["next_action"].text, primary(page)) == ("Log the call outcome", ["Completed"])
    done = client.post(f"{CALLS}{call.public_id}/no-show/", {"back": "lead"})
    assert (done.status_code, done["Location"]) == (303, page_of(call.lead))
    assert client.get(page_of(call.lead)).context["next_action"].key == "rebook"
    assert client.get("/admin/").context["my_tasks"] == []


def test_list_and_page_say_the_same_comes_next(client, user):
    call = begun(user)
    row = client.get("/admin/signups/lead/").content.decode()
    assert client.get(page_of(call.lead)).context["next_action"].text == "Log the call outcome"
    assert '<td data-label="Due" class="nowrap is-overdue">Nov 20, 9:00 AM</td>' in row


def test_other_people_s_addresses_are_no_way_back(client, user):
    call = begun(user)
    done = client.post(f"{CALLS}{call.public_id}/complete/", {"back": "https://evil.example/"})
    assert done["Location"] == f"{CALLS}{call.public_id}/"


def test_one_thing_is_drawn_as_the_thing_to_do(client, user):
    leads.TagFactory()
    lead = somebody(owner=user, agrees_to_calls=True, preferred_channel="call")
    assert primary(client.get(page_of(lead))) == ["Connected"]
    start = NOW - dt.timedelta(days=2)
    trials.TrialFactory(lead=lead, requested_at=start, started_at=start)
    callback = callbacks.CallbackRequestFactory(lead=lead, created_at=NOW, due_at=NOW + HOUR)
    assert primary(client.get(page_of(lead))) == ["Claim this callback"]
    done = client.post(f"/admin/signups/callbackrequest/{callback.public_id}/claim/", {"back": "lead"})
    assert done["Location"] == page_of(lead)
    assert primary(client.get(page_of(lead))) == ["Call (212) 555-0123"]
    callback.claimed_by = users.UserFactory()
    callback.claimed_at = NOW
    callback.save()
    assert primary(client.get(page_of(lead))) == ["Open callback"]
    callback.delete()
    buttons = {"contacted": "Mark as qualified", "qualified": "Convert to patient", "converted": None}
    for status, button in buttons.items():
        lead.status = status
        lead.save()
        assert primary(client.get(page_of(lead))) == ([button] if button else [])


def test_nobody_is_called_at_night(client, user):
    callback = taken(user, lead__time_zone="Asia/Tokyo")
    page = client.get(page_of(callback.lead))
    assert primary(page) == []
    assert "calling hours" in page.content.decode()


@pytest.fixture
def times(db):
    """A host who is there on Monday mornings."""
    host = hosts.HostFactory(user__first_name="Hal")
    hosts.AvailabilityRuleFactory(host=host)
    return host


def test_a_call_is_booked_from_the_page_at_a_free_time(client, user, times):
    lead = leads.LeadFactory(time_zone="America/Los_Angeles")
    assert f"{lead.pk}/book/" in client.get(page_of(lead)).content.decode()
    address = f"/admin/signups/lead/{lead.pk}/book/"
    page = client.get(address)
    assert "Mon, Nov 23, 9:00 AM (Mon, 6:00 AM their time)" in page.content.decode()
    start = re.search(r'<option value="([^"]+)"', page.content.decode())[1]
    assert client.post(address, {"start": start}).status_code == 303
    call = OnboardingCall.objects.get()
    assert (call.lead, call.host, call.starts_at.isoformat()) == (lead, times, "2026-11-23T14:00:00+00:00")
    assert [(event.action, event.actor) for event in lead.events.exclude(action="read")] == [("call_booked", user)]
    assert sorted(lead.messages.values_list("kind", flat=True))[:1] == ["call_booked"]
    assert f"{lead.pk}/book/" not in client.get(page_of(lead)).content.decode()
    again = client.post(address, {"start": start})
    assert (again.status_code, "already has an upcoming call" in again.content.decode()) == (409, True)


@pytest.mark.parametrize(("start", "status"), [("", 422), ("soon", 422), ("2026-11-23T03:00:00+00:00", 409)])
def test_what_is_no_free_time_is_refused_in_words(client, user, times, start, status):
    lead = leads.LeadFactory()
    page = client.post(f"/admin/signups/lead/{lead.pk}/book/", {"start": start})
    assert (page.status_code, 'role="alert"' in page.content.decode()) == (status, True)
    assert not OnboardingCall.objects.exists()


def test_without_a_free_time_the_page_says_so(client, user):
    assert b"No times available" in client.get(f"/admin/signups/lead/{leads.LeadFactory().pk}/book/").content


@pytest.mark.parametrize("count", [1, 100])
def test_desk_and_page_ask_the_same_for_one_in_hand_and_many(client, user, count, django_assert_num_queries):
    host = hosts.HostFactory(user=user)
    for number in range(count):
        callback = taken(user)
        callbacks.CallbackRequestFactory(created_at=NOW - 9 * HOUR)  # overdue, and nobody’s
        begun(user, host=host, starts_at=NOW - (number + 1) * HOUR)
    OnboardingCall.objects.update(lead=callback.lead, is_current=False)
    for _ in range(2):
        client.get("/admin/")
        client.get(page_of(callback.lead))
    with django_assert_num_queries(36 if connection.vendor == "sqlite" else 44):  # (the counts are estimated there)
        client.get("/admin/")
    with django_assert_num_queries(27):
        client.get(page_of(callback.lead))


def on_trial(days, **lead):
    start = NOW - dt.timedelta(days=days)
    return trials.TrialFactory(requested_at=start, started_at=start, **{f"lead__{k}": v for k, v in lead.items()}).lead


def test_whoever_is_fit_for_care_can_become_a_patient_in_the_last_two_days_too(client, user):
    lead = on_trial(6, status="qualified", owner=user)
    page = client.get(page_of(lead))
    assert page.context["next_action"].text == "Check in: trial ending"
    assert "Convert to patient" in page.content.decode()
    client.post(f"/admin/signups/lead/{lead.pk}/log-outreach/", {"outcome": "reached"})
    assert client.get(page_of(lead)).context["next_action"].key == "convert"


@pytest.mark.parametrize("trial", ["none", "asked for", "cancelled"])
def test_nobody_becomes_a_patient_without_a_trial(client, user, trial):
    lead = leads.LeadFactory(status="qualified", owner=user)
    if trial != "none":
        trials.TrialFactory(lead=lead, requested_at=NOW, cancelled_at=NOW if trial == "cancelled" else None)
    page = client.get(page_of(lead))
    assert (page.context["next_action"].key, primary(page)) == ("wait_for_trial", [])
    assert "Convert to patient" not in page.content.decode()


NUMBER = {"phone": "(212) 555-0123", "phone_e164": "+12125550123"}


def somebody(*, confirmed=False, agrees_to_calls=False, **fields):
    lead = leads.LeadFactory(**{**NUMBER, "created_at": NOW - HOUR, **fields})
    if confirmed:
        trials.TrialFactory(lead=lead, requested_at=NOW - HOUR, started_at=NOW - HOUR)
    if agrees_to_calls:
        consents.ConsentFactory(lead=lead, text__purpose="calls", created_at=NOW - HOUR)
    return lead


@pytest.mark.parametrize(
    ("person", "key"),
    [
        ({"confirmed": True, "agrees_to_calls": True, "preferred_channel": "email"}, "write"),
        ({"confirmed": True, "agrees_to_calls": True, "preferred_channel": "call"}, "contact"),
        ({"confirmed": True, "preferred_channel": "call"}, "write"),
        ({"agrees_to_calls": True, "preferred_channel": "email"}, "contact"),
        ({"agrees_to_calls": True, "time_zone": "Asia/Tokyo"}, "wait"),
        ({"confirmed": True, "email_bounced_at": NOW}, "correct_email"),
        ({"phone": "", "phone_e164": "", "unsubscribed_at": NOW}, "add_contact"),
        ({}, "record_consent"),
    ],
)
def test_first_contact_is_by_a_way_that_is_open_or_says_what_opens_one(client, user, person, key):
    page = client.get(page_of(somebody(**person)))
    assert page.context["next_action"].key == key
    box = page.content.decode().split('id="next"')[1].split("</section>")[0]
    buttons = re.findall(r'action="[^"]*/([\w-]+)/"', box)
    assert ("log-outreach" in buttons) == (page.context["call_decision"].allowed and key in ("contact", "write"))


def test_the_confirmation_link_is_resent_where_that_opens_a_way(client, user):
    lead = somebody()
    trials.TrialFactory(lead=lead, requested_at=NOW)
    assert client.get(page_of(lead)).context["next_action"].key == "resend_confirmation"
    for number in range(4):
        answer = client.post(f"/admin/signups/lead/{lead.pk}/resend-confirmation/")
        assert answer.status_code == (303 if number < 3 else 409)
    assert lead.messages.filter(kind="confirm_trial").count() == 3
    assert f"sent to {lead.email}" in answer.content.decode()  # what was done before is said first


def test_after_a_try_that_reached_nobody_the_next_is_a_day_later(client, user):
    lead = somebody(owner=user, agrees_to_calls=True)
    client.post(f"/admin/signups/lead/{lead.pk}/log-outreach/", {"outcome": "no_answer"})
    following = client.get(page_of(lead)).context["next_action"]
    assert (following.text, following.at) == ("Follow up by phone", NOW + dt.timedelta(days=1))


def test_a_call_that_is_booked_is_what_comes_next_and_may_be_made(client, user):
    lead = somebody()
    call = calls.OnboardingCallFactory(lead=lead, starts_at=NOW + HOUR, created_at=NOW - HOUR)
    page = client.get(page_of(lead))
    assert (page.context["next_action"].key, page.context["next_action"].at) == ("appointment", call.starts_at)
    assert (page.context["call_decision"].allowed, "Don’t call" in page.content.decode()) == (True, False)


def test_list_says_the_same_as_each_page(client, user):
    people = [somebody(agrees_to_calls=True), somebody(confirmed=True), somebody(time_zone="Asia/Tokyo")]
    calls.OnboardingCallFactory(lead=people[0], starts_at=NOW - 2 * HOUR, status="no_show", created_at=NOW - HOUR)
    rows = {row["lead"].pk: row["next"] for row in client.get("/admin/signups/lead/").context["cl"].rows}
    assert rows == {lead.pk: client.get(page_of(lead)).context["next_action"] for lead in people}


def test_outcome_of_a_call_that_nobody_had_taken_takes_two_clicks(client, user):
    callback = callbacks.CallbackRequestFactory(created_at=NOW, due_at=NOW + HOUR)
    address = f"/admin/signups/callbackrequest/{callback.public_id}/attempt/"
    told = {"outcome": "reached", "form_key": uuid.uuid4(), "number": 1, "back": "lead"}
    assert 'value="reached"' in client.get(page_of(callback.lead)).content.decode()
    assert client.post(address, told)["Location"] == page_of(callback.lead)
    callback.refresh_from_db()
    assert (callback.outcome, callback.claimed_by) == ("reached", user)
    verbs = callback.lead.events.order_by("id").values_list("action", flat=True)
    assert [verb for verb in verbs if verb.startswith("callback") or verb == "call_attempted"] == [
        "callback_claimed",
        "call_attempted",
        "callback_closed",
    ]


def test_call_that_runs_past_nine_can_be_noted(client, user, time_machine):
    callback = taken(user, lead__time_zone="America/New_York", time_zone="America/New_York")
    callback.claimed_at = NOW.replace(hour=1, minute=55) + dt.timedelta(days=1)  # 8:55 p.m. there
    callback.save()
    address = f"/admin/signups/callbackrequest/{callback.public_id}/attempt/"
    for minutes, status in ((70, 409), (20, 303)):
        time_machine.move_to(callback.claimed_at + dt.timedelta(minutes=minutes), tick=False)
        client.force_login(user)
        page = client.get(page_of(callback.lead)).content.decode()
        assert ('value="reached"' in page, 'value="do_not_call"' in page) == (status == 303, True)
        assert client.post(address, {"outcome": "reached", "form_key": uuid.uuid4(), "number": 1}).status_code == status


def test_whoever_speaks_to_a_colleague_s_lead_writes_down_what_was_said(client, user, time_machine):
    callback = taken(user, lead__owner=users.UserFactory())
    note = {"text": "Prefers mornings.", "form_key": uuid.uuid4()}
    assert 'name="text"' in client.get(page_of(callback.lead)).content.decode()
    assert client.post(f"/admin/signups/lead/{callback.lead.pk}/note/", note).status_code == 303
    callback.closed_at, callback.outcome = NOW, "reached"
    callback.save()
    note["form_key"] = uuid.uuid4()
    assert client.post(f"/admin/signups/lead/{callback.lead.pk}/note/", note).status_code == 303  # until midnight
    time_machine.move_to(NOW + 14 * HOUR, tick=False)
    client.force_login(user)
    assert client.post(f"/admin/signups/lead/{callback.lead.pk}/note/", note).status_code == 403
