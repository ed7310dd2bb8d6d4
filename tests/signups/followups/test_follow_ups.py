"""Follow-ups: added, snoozed, reassigned and completed from the lead's page; due ones are on the desk."""

import datetime as dt
import uuid

import pytest
from django.db import connection

from clinic import roles
from signups.audit.choices import ActorKind
from signups.audit.models import AuditEvent
from signups.followups.models import FollowUp
from signups.privacy import erasure
from tests.factories import calls, followups, leads, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
TOMORROW = NOW + dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _now(time_machine, clinic):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def ana(client):
    user = users.UserFactory(role=roles.COORDINATOR, username="ana", first_name="Ana", last_name="Torres")
    client.force_login(user)
    return user


def page_of(lead):
    return f"/admin/signups/lead/{lead.pk}/change/"


def add(client, lead, user, **changed):
    data = {"task": "Send the price list", "due_at": "2026-11-21T09:30", "owner": user.pk, "form_key": uuid.uuid4()}
    return client.post(f"/admin/signups/lead/{lead.pk}/follow-up/", data | changed)


def act(client, follow_up, deed, **data):
    return client.post(f"/admin/signups/lead/{follow_up.lead_id}/follow-up/{follow_up.public_id}/{deed}/", data)


def test_follow_up_is_set_in_the_clinics_time_and_is_the_next_step(client, ana):
    lead = leads.LeadFactory(owner=ana)
    assert add(client, lead, ana)["Location"] == page_of(lead)
    follow_up = FollowUp.objects.get()
    assert (follow_up.task, follow_up.owner, follow_up.created_by) == ("Send the price list", ana, ana)
    assert follow_up.due_at.isoformat() == "2026-11-21T14:30:00+00:00"
    page = client.get(page_of(lead))
    assert "Follow-up added." in page.content.decode()
    assert page.context["next_action"].text == "Follow-up: Send the price list"
    row = client.get("/admin/signups/lead/").context["cl"].rows[0]
    assert (row["next"].text, row["next"].at, row["overdue"]) == (
        "Follow-up: Send the price list",
        follow_up.due_at,
        False,
    )


def test_same_form_twice_adds_one(client, ana):
    lead, key = leads.LeadFactory(owner=ana), uuid.uuid4()
    add(client, lead, ana, form_key=key)
    add(client, lead, ana, form_key=key)
    assert FollowUp.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"task": " "}, 422, "Enter what to do."),
        ({"due_at": ""}, 422, "Choose a date and time."),
        ({"due_at": "2026-11-19T09:30"}, 409, "Choose a future date and time for the follow-up."),
        ({"owner": "0"}, 422, "valid choice"),
    ],
)
def test_what_cannot_be_is_refused_in_words(client, ana, changed, status, reason):
    response = add(client, leads.LeadFactory(owner=ana), ana, **changed)
    assert (response.status_code, reason in response.content.decode()) == (status, True)
    assert not FollowUp.objects.exists()


def test_done_leaves_the_page_and_is_in_the_activity(client, ana):
    follow_up = followups.FollowUpFactory(lead__owner=ana, owner=ana, created_at=NOW)
    assert act(client, follow_up, "done").status_code == 303
    follow_up.refresh_from_db()
    assert follow_up.done_at == NOW
    page = client.get(page_of(follow_up.lead))
    assert page.context["follow_ups"] == []
    assert "Completed a follow-up" in page.content.decode()
    again = act(client, follow_up, "done")
    assert (again.status_code, "This follow-up is already done." in again.content.decode()) == (409, True)


@pytest.mark.parametrize(("due", "expected"), [(TOMORROW, 2), (NOW - dt.timedelta(days=3), 1)])
def test_snooze_moves_it_to_the_same_time_of_a_later_day(client, ana, due, expected):
    created = NOW - dt.timedelta(days=5)
    follow_up = followups.FollowUpFactory(lead__owner=ana, owner=ana, created_at=created, due_at=due)
    act(client, follow_up, "snooze")
    follow_up.refresh_from_db()
    assert follow_up.due_at == NOW + dt.timedelta(days=expected)


def test_it_is_given_to_a_colleague_who_may_complete_it(client, ana):
    bob = users.UserFactory(role=roles.COORDINATOR)
    follow_up = followups.FollowUpFactory(lead__owner=ana, owner=ana, created_at=NOW)
    act(client, follow_up, "change", due_at="2026-11-22T10:00", owner=bob.pk)
    follow_up.refresh_from_db()
    assert (follow_up.owner, follow_up.due_at.isoformat()) == (bob, "2026-11-22T15:00:00+00:00")
    client.force_login(bob)
    assert act(client, follow_up, "done").status_code == 303


def test_others_may_not(client, ana):
    follow_up = followups.FollowUpFactory(lead__owner=users.UserFactory(), owner=users.UserFactory(), created_at=NOW)
    assert [act(client, follow_up, deed).status_code for deed in ("done", "snooze", "change")] == [403] * 3
    client.force_login(users.UserFactory(role=roles.AUDITOR))
    assert act(client, follow_up, "done").status_code == 403
    assert not AuditEvent.objects.filter(action__startswith="follow_up").exists()


def test_what_to_do_is_encrypted_and_erased(ana):
    follow_up = followups.FollowUpFactory(owner=ana, task="Ask about her sister", created_at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT task FROM signups_followup")
        assert "sister" not in cursor.fetchone()[0]
    erasure.erase_lead(follow_up.lead, by=ActorKind.PATIENT, now=NOW)
    follow_up.refresh_from_db()
    assert follow_up.task == ""
    assert not FollowUp.objects.open().exists()


def test_my_day_lists_what_is_due_today_with_the_number_to_call(client, ana):
    bob = users.UserFactory(role=roles.COORDINATOR)
    mine = leads.LeadFactory(name="Mine", owner=ana)
    followups.FollowUpFactory(lead=mine, owner=ana, task="Send the price list", created_at=NOW - dt.timedelta(days=3))
    followups.FollowUpFactory(lead=mine, owner=ana, task="Next week", created_at=NOW, due_at=NOW + dt.timedelta(days=7))
    followups.FollowUpFactory(lead=mine, owner=bob, created_at=NOW - dt.timedelta(days=3))
    call = calls.OnboardingCallFactory(
        lead__name="Called", host__user=ana, starts_at=NOW + dt.timedelta(hours=2), created_at=NOW
    )
    page = client.get("/admin/")
    tasks = [(task.label, task.lead_name, task.call.allowed) for task in page.context["my_tasks"]]
    assert tasks == [("Follow-up: Send the price list", "Mine", False), ("Onboarding call", "Called", True)]
    assert f"Call {call.lead.phone}" in page.content.decode()
    assert "Don’t call: no consent to phone calls." in page.content.decode()
