"""The queue of callbacks on the desk: who sees it, what it shows, and each of its buttons."""

import datetime as dt
import re
import uuid

import pytest

from clinic import roles
from signups.callbacks.models import CallAttempt, CallbackRequest
from tests.factories import callbacks, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

QUEUE = "/admin/signups/callbackrequest/"
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def frozen(clinic, time_machine):
    clinic.opening_hours = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]
    clinic.save()
    time_machine.move_to(NOW, tick=False)  # 10 a.m. in New York


@pytest.fixture
def ann(db):
    return users.UserFactory(username="ann", first_name="Ann", role=roles.COORDINATOR)


@pytest.fixture
def desk(client, ann):
    client.force_login(ann)
    return client


def waiting(name="Jo Miller", due=HOUR, **fields):
    return callbacks.CallbackRequestFactory(lead__name=name, due_at=NOW + due, created_at=NOW - 5 * HOUR, **fields)


def held(ann, **fields):
    return waiting(claimed_by=ann, claimed_at=NOW, **fields)


def names(page):
    return [part.split("</a>")[0].split(">")[-1] for part in page.content.decode().split("<h2><a")[1:]]


def outcome(**changed):
    told = {
        "form_key": str(uuid.uuid4()),
        "number": "1",
        "outcome": "no_answer",
        "next_attempt_at": "2026-11-20T14:30",
        **changed,
    }
    return {name: value for name, value in told.items() if value is not None}


@pytest.mark.parametrize(
    ("role", "status"), [(roles.HEAD, 200), (roles.COORDINATOR, 200), (roles.EDITOR, 403), (roles.AUDITOR, 403)]
)
def test_only_those_who_call_see_the_queue(client, role, status):
    request = waiting()
    client.force_login(users.UserFactory(role=role))
    pages = [QUEUE, f"{QUEUE}{request.public_id}/"]
    assert [client.get(page).status_code for page in pages] == [status] * 2
    assert client.post(f"{QUEUE}{request.public_id}/claim/").status_code == (303 if status == 200 else 403)


def test_strangers_are_sent_to_sign_in(client):
    assert client.get(QUEUE).status_code == 302


def test_due_next_is_first_and_overdue_is_said_in_words(desk):
    waiting("Later", 2 * HOUR)
    waiting("Late", -HOUR)
    waiting("Soon", HOUR)
    page = desk.get(QUEUE)
    assert names(page) == ["Late", "Soon", "Later"]
    text = page.content.decode()
    assert "⚠ 1 overdue callback" in text
    assert "⚠ Overdue since 9:00 AM today" in text
    assert text.count("is-overdue") == 1


def test_next_try_counts_instead_of_the_promise(desk):
    tried = waiting("Tried", -HOUR)
    callbacks.CallAttemptFactory(request=tried, attempted_at=NOW - 2 * HOUR, next_attempt_at=NOW + 3 * HOUR)
    waiting("Soon", 2 * HOUR)
    page = desk.get(QUEUE)
    assert (names(page), "Attempt 2 of 3" in page.content.decode()) == (["Soon", "Tried"], True)
    assert "All callbacks are on time." in page.content.decode()
    assert names(desk.get(f"{QUEUE}?view=due")) == ["Soon"]


def test_views_narrow_the_queue(desk, ann):
    held(ann, name="Mine")
    waiting("Late", -HOUR)
    found = {view: names(desk.get(f"{QUEUE}?view={view}")) for view in ("", "overdue", "mine", "nonsense")}
    assert found == {"": ["Late", "Mine"], "overdue": ["Late"], "mine": ["Mine"], "nonsense": ["Late", "Mine"]}


def test_queue_shows_their_time_and_warns_at_night(desk):
    waiting(time_zone="Pacific/Honolulu")
    text = desk.get(QUEUE).content.decode()
    assert "It is 5:00 AM in Honolulu" in text
    assert "calling hours" in text


@pytest.mark.parametrize("count", [1, 100])
def test_queue_takes_the_same_queries_for_one_and_for_many(desk, ann, count, django_assert_num_queries):
    for number in range(count):
        request = held(ann, name=f"Lead {number}")
        callbacks.CallAttemptFactory(request=request, attempted_by=ann)
    desk.get(QUEUE)  # what is asked once per process is asked now
    with django_assert_num_queries(8):
        assert len(names(desk.get(QUEUE))) == min(count, 50)


def test_queue_has_pages(desk):
    for number in range(51):
        waiting(f"Lead {number}")
    assert (len(names(desk.get(QUEUE))), len(names(desk.get(f"{QUEUE}?page=2")))) == (50, 1)


def test_claim_leads_to_the_call(desk, ann):
    request = waiting()
    response = desk.post(f"{QUEUE}{request.public_id}/claim/")
    assert (response.status_code, response["Location"]) == (303, f"{QUEUE}{request.public_id}/")
    request.refresh_from_db()
    assert request.claimed_by == ann
    text = desk.get(response["Location"]).content.decode()
    assert 'href="tel:+12125550123"' in text
    assert "“Hi, this is Ann from Harbor Clinic with a message for Jo Miller." in text


def test_claimed_by_somebody_else_is_said(desk):
    bob = users.UserFactory(first_name="Bob", last_name="Ray", role=roles.COORDINATOR)
    request = held(bob)
    assert "Claimed by Bob Ray" in desk.get(QUEUE).content.decode()
    response = desk.post(f"{QUEUE}{request.public_id}/claim/")
    assert (response.status_code, "Bob Ray has already claimed" in response.content.decode()) == (
        409,
        True,
    )


def test_voicemail_script_names_no_condition(desk, ann):
    text = desk.get(f"{QUEUE}{held(ann).public_id}/").content.decode()
    script = text.split("“")[1].split("”")[0].lower()
    words = ("ketamine", "therapy", "treatment", "depress", "health", "clinic.", "trial", "patient", "doctor", "medic")
    assert [word for word in words if word in script] == []


def test_next_time_is_filled_in_and_an_outcome_takes_two_clicks(desk, ann):
    request = held(ann)
    page = f"{QUEUE}{request.public_id}/"
    assert 'value="2026-11-20T12:00"' in desk.get(page).content.decode()  # noon: another part of the day
    response = desk.post(f"{page}attempt/", outcome(next_attempt_at="2026-11-20T12:00"), follow=True)
    assert "Outcome logged: no answer." in response.content.decode()
    attempt = CallAttempt.objects.get()
    assert (attempt.attempted_by, attempt.next_attempt_at) == (ann, NOW + 2 * HOUR)


def test_outcome_of_what_nobody_holds_is_two_clicks_from_the_queue(desk, ann):
    request = waiting(due=-HOUR)
    page = f"{QUEUE}{request.public_id}/"
    assert f'<h2><a href="{page}">' in desk.get(QUEUE).content.decode()
    form = desk.get(page).content.decode().split(f'action="{page}attempt/"')[1].split("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(form_key|number)" value="([^"]+)"', form))
    assert '<button type="submit" name="outcome" value="reached"' in form
    assert desk.post(f"{page}attempt/", {**hidden, "outcome": "reached"}).status_code == 303
    request.refresh_from_db()
    assert (request.outcome, request.claimed_by) == ("reached", ann)


def test_page_that_is_out_of_date_is_refused_and_shows_who_called(desk, ann):
    request = waiting(due=-HOUR)
    bob = users.UserFactory(first_name="Bob", last_name="Ray")
    callbacks.CallAttemptFactory(
        request=request, attempted_by=bob, attempted_at=NOW - HOUR / 2, next_attempt_at=NOW + HOUR
    )
    response = desk.post(f"{QUEUE}{request.public_id}/attempt/", outcome())
    text = response.content.decode()
    assert (response.status_code, "Someone else called" in text, "Bob Ray" in text) == (
        409,
        True,
        True,
    )
    assert '<input type="hidden" name="number" value="2">' in text


def test_what_somebody_else_holds_offers_no_outcome(desk):
    request = held(users.UserFactory(first_name="Bob", last_name="Ray"))
    page = f"{QUEUE}{request.public_id}/"
    assert "/attempt/" not in desk.get(page).content.decode()
    response = desk.post(f"{page}attempt/", outcome())
    assert (response.status_code, "Bob Ray has already claimed" in response.content.decode()) == (
        409,
        True,
    )
    assert CallAttempt.objects.count() == 0


def test_same_outcome_twice_is_one_attempt(desk, ann):
    told = outcome()
    address = f"{QUEUE}{held(ann).public_id}/attempt/"
    assert [desk.post(address, told).status_code for _ in range(2)] == [303, 303]
    assert CallAttempt.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "status", "message"),
    [
        ({"outcome": None}, 422, "Select an outcome."),
        ({"number": None}, 422, "Outcome"),
        ({"number": "first"}, 422, "Outcome"),
        ({"number": "2"}, 409, "Someone else called since you opened this page. Check the outcome first."),
        ({"next_attempt_at": ""}, 422, "Choose when to try again."),
        ({"next_attempt_at": "soon"}, 422, "Enter a date and time for the next attempt."),
        ({"next_attempt_at": "2026-11-20T23:00"}, 409, "Choose a time between 8:00 AM and 9:00 PM their time."),
        ({"next_attempt_at": "2026-11-20T09:00"}, 409, "Choose a future time for the next attempt."),
    ],
)
def test_outcome_that_cannot_be_is_refused_in_words(desk, ann, changed, status, message):
    response = desk.post(f"{QUEUE}{held(ann).public_id}/attempt/", outcome(**changed))
    assert (response.status_code, message in response.content.decode()) == (status, True)
    assert CallAttempt.objects.count() == 0


def test_at_night_there_is_no_number_to_dial(desk, ann):
    text = desk.get(f"{QUEUE}{held(ann, time_zone='Pacific/Honolulu').public_id}/").content.decode()
    assert ("tel:" in text, "calling hours" in text) == (False, True)


def test_last_try_asks_for_no_next(desk, ann):
    request = held(ann)
    for number in (1, 2):
        callbacks.CallAttemptFactory(request=request, number=number, attempted_at=NOW - HOUR, attempted_by=ann)
    page = f"{QUEUE}{request.public_id}/"
    assert "Last attempt." in desk.get(page).content.decode()
    desk.post(f"{page}attempt/", outcome(number="3", next_attempt_at=None))
    request.refresh_from_db()
    assert request.outcome == "unreachable"
    assert "Closed" in desk.get(page).content.decode()


def test_release_and_close(desk, ann):
    first, second = held(ann), held(ann)
    assert desk.post(f"{QUEUE}{first.public_id}/release/").status_code == 303
    assert desk.post(f"{QUEUE}{second.public_id}/close/").status_code == 303
    assert CallbackRequest.objects.open().get().claimed_by is None


def test_head_alone_gives_a_callback_away(desk, client, ann):
    bob = users.UserFactory(role=roles.COORDINATOR)
    request = held(bob)
    page = f"{QUEUE}{request.public_id}/"
    assert "Assign to" not in desk.get(page).content.decode()
    assert desk.post(f"{page}reassign/", {"to": ann.pk}).status_code == 409
    client.force_login(users.UserFactory(role=roles.HEAD))
    assert "Assign to" in client.get(page).content.decode()
    assert client.post(f"{page}reassign/", {"to": ann.pk}).status_code == 303
    assert client.post(f"{page}reassign/", {"to": users.UserFactory().pk}).status_code == 422
    request.refresh_from_db()
    assert request.claimed_by == ann


def test_unknown_callback_is_not_found(desk):
    assert desk.get(f"{QUEUE}{uuid.uuid4()}/").status_code == 404


def test_a_retry_is_from_and_never_overdue(desk):
    tried = waiting("Tried", -HOUR)
    callbacks.CallAttemptFactory(request=tried, attempted_at=NOW - 3 * HOUR, next_attempt_at=NOW - HOUR / 60)
    text = desk.get(QUEUE).content.decode()
    assert "Call from <strong>" in text
    assert ("Overdue since" in text, "All callbacks are on time." in text) == (False, True)
    assert names(desk.get(f"{QUEUE}?view=due")) == ["Tried"]
    assert names(desk.get(f"{QUEUE}?view=overdue")) == []


def test_alarm_counts_only_whom_one_may_call_now_and_says_when_the_others_open(desk):
    waiting("Awake", -HOUR)
    waiting("Asleep", -HOUR, time_zone="Pacific/Honolulu", lead__time_zone="Pacific/Honolulu")
    page = desk.get(QUEUE)
    text = page.content.decode()
    assert "⚠ 1 overdue callback" in text
    assert "Outside calling hours: opens at 8:00 AM their time" in text
    assert (text.count("Overdue since"), names(desk.get(f"{QUEUE}?view=overdue"))) == (1, ["Awake"])
    tiles = {tile.label: tile.count.number for tile in desk.get("/admin/").context["counters"]}
    assert (tiles["Overdue callbacks"], tiles["Callbacks due now"]) == (1, 1)


@pytest.mark.parametrize("deed", ["attempt", "claim", "release", "close"])
def test_the_chosen_tab_survives_what_is_done(desk, ann, deed):
    request = waiting(due=-HOUR) if deed == "claim" else held(ann, due=-HOUR)
    page = f"{QUEUE}{request.public_id}/"
    assert f'href="{page}?view=overdue"' in desk.get(f"{QUEUE}?view=overdue").content.decode()
    assert '<input type="hidden" name="view" value="overdue">' in desk.get(f"{page}?view=overdue").content.decode()
    done = desk.post(f"{page}{deed}/", {**outcome(outcome="reached", next_attempt_at=None), "view": "overdue"})
    assert done["Location"] == f"{page if deed == 'claim' else QUEUE}?view=overdue"
    again = desk.post(f"{page}{deed}/", {"view": "overdue&x=<script>"})
    assert "script" not in again.headers.get("Location", "")


def test_outcome_and_note_are_one_form_and_the_note_outlives_a_refusal(desk, ann):
    request = held(ann, lead__owner=users.UserFactory(role=roles.COORDINATOR))
    page = f"{QUEUE}{request.public_id}/"
    refused = desk.post(f"{page}attempt/", outcome(note="Prefers mornings.", next_attempt_at="2026-11-20T09:00"))
    assert (refused.status_code, "Prefers mornings.</textarea>" in refused.content.decode()) == (409, True)
    desk.post(f"{page}attempt/", outcome(note="Prefers mornings.", outcome="reached", next_attempt_at=None))
    request.lead.refresh_from_db()
    assert (request.lead.status, [note.text for note in request.lead.notes.all()]) == (
        "contacted",
        ["Prefers mornings."],
    )
    note = {"text": "Books on Monday.", "form_key": uuid.uuid4()}
    assert desk.post(f"/admin/signups/lead/{request.lead_id}/note/", note).status_code == 303  # not theirs, but today
