"""Working a lead: who may, which way it goes, whose turn it is."""

import datetime as dt
import uuid

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from clinic import roles
from signups.assignment.actions import assign_round_robin, assign_unassigned
from signups.audit.choices import ActorKind
from signups.audit.models import AuditEvent
from signups.leads import locking
from signups.leads.actions import assign_lead, change_status, write_note
from signups.leads.choices import OPEN_STATUSES, TERMINAL_STATUSES, TRANSITIONS, LeadStatus
from signups.leads.models import Lead
from signups.leads.note_models import Note
from tests.factories import leads, trials, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def head():
    return users.UserFactory(role=roles.HEAD)


@pytest.fixture
def coordinator():
    return users.UserFactory(role=roles.COORDINATOR)


def lead_that_is(status, **fields):
    reason = "moved away" if status == LeadStatus.CLOSED else ""
    return leads.LeadFactory(status=status, close_reason=reason, **fields)


def told(lead):
    return [(event.action, event.detail) for event in lead.events.order_by("id")]


def test_table_names_every_status_and_ends_where_design_says():
    assert set(TRANSITIONS) == set(LeadStatus)
    assert [status for status in LeadStatus if LeadStatus.CLOSED in TRANSITIONS[status]] == list(OPEN_STATUSES)
    assert [TRANSITIONS[status] for status in TERMINAL_STATUSES] == [(), (), ()]
    assert TRANSITIONS[LeadStatus.CLOSED] == (LeadStatus.CONTACTED,)


@pytest.mark.parametrize("to", LeadStatus)
@pytest.mark.parametrize("seen", LeadStatus)
def test_lead_goes_only_the_ways_of_the_table(head, seen, to):
    lead = lead_that_is(seen)
    trials.TrialFactory(lead=lead, started_at=NOW, requested_at=NOW, converted_at=NOW)
    if to in TRANSITIONS[seen]:
        change_status(lead=lead, to=to, by=head, now=NOW, reason="a reason")
        assert told(lead) == [("moved", {"seen": seen, "to": to})]
    else:
        with pytest.raises(locking.ActionError):
            change_status(lead=lead, to=to, by=head, now=NOW, reason="a reason")
    stored = Lead.objects.get(pk=lead.pk)
    assert stored.status == (to if to in TRANSITIONS[seen] else seen)
    assert bool(stored.close_reason) == (stored.status == LeadStatus.CLOSED)


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_closing_needs_a_reason(head, reason):
    lead = leads.LeadFactory()
    with pytest.raises(locking.ActionError, match="Say why"):
        change_status(lead=lead, to=LeadStatus.CLOSED, by=head, now=NOW, reason=reason)
    assert Lead.objects.get().status == LeadStatus.NEW


def test_only_the_head_reopens(head, coordinator):
    lead = lead_that_is(LeadStatus.CLOSED, owner=coordinator)
    for actor in (coordinator, ActorKind.SYSTEM, ActorKind.PATIENT):
        with pytest.raises(locking.ActionError, match="Only the Head"):
            change_status(lead=lead, to=LeadStatus.CONTACTED, by=actor, now=NOW)
    change_status(lead=lead, to=LeadStatus.CONTACTED, by=head, now=NOW)
    assert Lead.objects.values_list("status", "close_reason").get() == ("contacted", "")


def test_lead_is_converted_by_its_trial_alone(head):
    lead = lead_that_is(LeadStatus.QUALIFIED)
    trials.TrialFactory(lead=lead)
    with pytest.raises(locking.ActionError, match="Convert the trial"):
        change_status(lead=lead, to=LeadStatus.CONVERTED, by=head, now=NOW)


def test_two_who_saw_the_same_lead_do_not_both_move_it(head):
    mine, theirs = leads.LeadFactory(), Lead.objects.get()
    change_status(lead=theirs, to=LeadStatus.CLOSED, by=head, now=NOW, reason="moved away")
    with pytest.raises(locking.ActionError, match="Someone else just changed"):
        change_status(lead=mine, to=LeadStatus.CONTACTED, by=head, now=NOW)
    assert Lead.objects.get().status == LeadStatus.CLOSED


@pytest.mark.parametrize(
    ("role", "owner", "may"),
    [
        (roles.HEAD, "nobody", True),
        (roles.HEAD, "other", True),
        (roles.COORDINATOR, "self", True),
        (roles.COORDINATOR, "nobody", True),
        (roles.COORDINATOR, "other", False),
        (roles.AUDITOR, "nobody", False),
        (roles.EDITOR, "nobody", False),
        (None, "nobody", False),
    ],
)
def test_lead_is_worked_by_whose_it_is(clinic, role, owner, may):
    user, other = users.UserFactory(role=role), users.UserFactory(role=roles.COORDINATOR)
    lead = leads.LeadFactory(owner={"nobody": None, "self": user, "other": other}[owner])
    deeds = [
        lambda: change_status(lead=lead, to=LeadStatus.CONTACTED, by=user, now=NOW),
        lambda: write_note(lead=lead, text="A note.", by=user, now=NOW, form_key=uuid.uuid4()),
        lambda: assign_lead(lead=lead, to=other, by=user, now=NOW),
    ]
    for deed in deeds:
        if may:
            deed()
        else:
            with pytest.raises(locking.ActionError):
                deed()
    assert AuditEvent.objects.count() == (3 if may and owner != "other" else 2 if may else 0)


def test_lead_is_given_only_to_those_who_work_leads(head, coordinator):
    lead = leads.LeadFactory()
    retired = users.UserFactory(role=roles.COORDINATOR, is_active=False)
    for user in (users.UserFactory(role=roles.AUDITOR), retired):
        with pytest.raises(locking.ActionError, match="can’t be assigned leads"):
            assign_lead(lead=lead, to=user, by=head, now=NOW)
    assign_lead(lead=lead, to=coordinator, by=head, now=NOW)
    assign_lead(lead=lead, to=coordinator, by=head, now=NOW)
    assign_lead(lead=lead, to=None, by=head, now=NOW)
    assert told(lead) == [("assigned", {"owner": coordinator.pk}), ("assigned", {"owner": None})]
    assert Lead.objects.get().owner is None


@pytest.mark.parametrize("status", TERMINAL_STATUSES)
def test_nothing_is_done_to_who_is_gone(head, status):
    lead = lead_that_is(status)
    with pytest.raises(locking.ActionError):
        assign_lead(lead=lead, to=head, by=head, now=NOW)


def test_note_is_unreadable_in_the_database_and_keeps_its_versions(coordinator):
    lead, key = leads.LeadFactory(), uuid.uuid4()
    for _ in range(2):  # the same form, sent twice
        write_note(lead=lead, text="Prefers mornings.", by=coordinator, now=NOW, form_key=key)
    first = Note.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM signups_note")
        assert "mornings" not in cursor.fetchone()[0]
    again = {"lead": lead, "by": coordinator, "now": NOW + MINUTE, "supersedes": first}
    write_note(text="Prefers evenings.", form_key=uuid.uuid4(), **again)
    with pytest.raises(locking.ActionError, match="Someone else just edited"):
        write_note(text="Prefers noon.", form_key=uuid.uuid4(), **again)
    assert [note.text for note in Note.objects.all()] == ["Prefers evenings.", "Prefers mornings."]
    assert [note.text for note in Note.objects.current()] == ["Prefers evenings."]


def test_note_does_not_supersede_one_about_somebody_else(coordinator):
    note = leads.NoteFactory()
    with pytest.raises(locking.ActionError):
        write_note(
            lead=leads.LeadFactory(),
            text="x",
            by=coordinator,
            now=NOW,
            form_key=uuid.uuid4(),
            supersedes=note,
        )


def test_leads_go_round(head):
    staff = [users.UserFactory(role=roles.COORDINATOR) for _ in range(3)]
    users.UserFactory(role=roles.COORDINATOR, is_active=False)
    for minute in range(7):
        assign_round_robin(lead=leads.LeadFactory(), by=head, now=NOW + minute * MINUTE)
    assert list(Lead.objects.order_by("id").values_list("owner", flat=True)) == [
        user.pk for user in [*staff, *staff, staff[0]]
    ]


def test_worker_gives_out_what_is_open_and_nobodys():
    coordinator = users.UserFactory(role=roles.COORDINATOR)
    waiting = [leads.LeadFactory(created_at=NOW), lead_that_is(LeadStatus.CONTACTED, created_at=NOW)]
    for status in set(LeadStatus) - set(OPEN_STATUSES):
        lead_that_is(status)
    leads.LeadFactory(owner=users.UserFactory())
    assert assign_unassigned(lambda: NOW) == 2
    assert assign_unassigned(lambda: NOW) == 0
    assert list(coordinator.leads.order_by("id")) == waiting
    assert {event.actor_kind for event in AuditEvent.objects.all()} == {"system"}


def test_lead_stays_unassigned_while_nobody_takes_any():
    lead = leads.LeadFactory()
    assert assign_unassigned(lambda: NOW) == 0
    assert list(Lead.objects.unassigned()) == [lead]
    assert get_user_model().objects.count() == 0
