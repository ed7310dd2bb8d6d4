"""Working a lead: who may, which way it goes, whose turn it is."""

import datetime as dt
import uuid

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from clinic import roles
from signups.actions import leads, turns
from signups.models import Event, Lead, Note
from signups.states import GONE, OPEN, TRANSITIONS, ActorKind, LeadStatus
from tests import factories

from .conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def head():
    return factories.UserFactory(role=roles.HEAD)


@pytest.fixture
def coordinator():
    return factories.UserFactory(role=roles.COORDINATOR)


def lead_that_is(status, **fields):
    reason = "moved away" if status == LeadStatus.CLOSED else ""
    return factories.LeadFactory(status=status, close_reason=reason, **fields)


def told(lead):
    return [(event.verb, event.detail) for event in lead.events.order_by("id")]


def test_table_names_every_status_and_ends_where_design_says():
    assert set(TRANSITIONS) == set(LeadStatus)
    assert [status for status in LeadStatus if LeadStatus.CLOSED in TRANSITIONS[status]] == list(OPEN)
    assert [TRANSITIONS[status] for status in GONE] == [(), ()]
    assert TRANSITIONS[LeadStatus.CLOSED] == (LeadStatus.CONTACTED,)


@pytest.mark.parametrize("to", LeadStatus)
@pytest.mark.parametrize("seen", LeadStatus)
def test_lead_goes_only_the_ways_of_the_table(head, seen, to):
    lead = lead_that_is(seen)
    factories.TrialFactory(lead=lead, started_at=NOW, requested_at=NOW, converted_at=NOW)
    if to in TRANSITIONS[seen]:
        leads.transition(lead=lead, to=to, by=head, now=NOW, reason="a reason")
        assert told(lead) == [("moved", {"seen": seen, "to": to})]
    else:
        with pytest.raises(leads.Refused):
            leads.transition(lead=lead, to=to, by=head, now=NOW, reason="a reason")
    stored = Lead.objects.get(pk=lead.pk)
    assert stored.status == (to if to in TRANSITIONS[seen] else seen)
    assert bool(stored.close_reason) == (stored.status == LeadStatus.CLOSED)


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_closing_needs_a_reason(head, reason):
    lead = factories.LeadFactory()
    with pytest.raises(leads.Refused, match="Say why"):
        leads.transition(lead=lead, to=LeadStatus.CLOSED, by=head, now=NOW, reason=reason)
    assert Lead.objects.get().status == LeadStatus.NEW


def test_only_the_head_reopens(head, coordinator):
    lead = lead_that_is(LeadStatus.CLOSED, owner=coordinator)
    for actor in (coordinator, ActorKind.SYSTEM, ActorKind.PATIENT):
        with pytest.raises(leads.Refused, match="Only the Head"):
            leads.transition(lead=lead, to=LeadStatus.CONTACTED, by=actor, now=NOW)
    leads.transition(lead=lead, to=LeadStatus.CONTACTED, by=head, now=NOW)
    assert Lead.objects.values_list("status", "close_reason").get() == ("contacted", "")


def test_lead_is_converted_by_its_trial_alone(head):
    lead = lead_that_is(LeadStatus.QUALIFIED)
    factories.TrialFactory(lead=lead)
    with pytest.raises(leads.Refused, match="Convert the trial"):
        leads.transition(lead=lead, to=LeadStatus.CONVERTED, by=head, now=NOW)


def test_two_who_saw_the_same_lead_do_not_both_move_it(head):
    mine, theirs = factories.LeadFactory(), Lead.objects.get()
    leads.transition(lead=theirs, to=LeadStatus.CLOSED, by=head, now=NOW, reason="moved away")
    with pytest.raises(leads.Refused, match="Somebody else moved"):
        leads.transition(lead=mine, to=LeadStatus.CONTACTED, by=head, now=NOW)
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
def test_lead_is_worked_by_whose_it_is(role, owner, may):
    user, other = factories.UserFactory(role=role), factories.UserFactory(role=roles.COORDINATOR)
    lead = factories.LeadFactory(owner={"nobody": None, "self": user, "other": other}[owner])
    deeds = [
        lambda: leads.transition(lead=lead, to=LeadStatus.CONTACTED, by=user, now=NOW),
        lambda: leads.write_note(lead=lead, text="A note.", by=user, now=NOW, form_key=uuid.uuid4()),
        lambda: leads.assign(lead=lead, to=other, by=user, now=NOW),
    ]
    for deed in deeds:
        if may:
            deed()
        else:
            with pytest.raises(leads.Refused):
                deed()
    assert Event.objects.count() == (3 if may and owner != "other" else 2 if may else 0)


def test_lead_is_given_only_to_those_who_work_leads(head, coordinator):
    lead = factories.LeadFactory()
    retired = factories.UserFactory(role=roles.COORDINATOR, is_active=False)
    for user in (factories.UserFactory(role=roles.AUDITOR), retired):
        with pytest.raises(leads.Refused, match="does not work leads"):
            leads.assign(lead=lead, to=user, by=head, now=NOW)
    leads.assign(lead=lead, to=coordinator, by=head, now=NOW)
    leads.assign(lead=lead, to=coordinator, by=head, now=NOW)
    leads.assign(lead=lead, to=None, by=head, now=NOW)
    assert told(lead) == [("assigned", {"owner": coordinator.pk}), ("assigned", {"owner": None})]
    assert Lead.objects.get().owner is None


@pytest.mark.parametrize("status", GONE)
def test_nothing_is_done_to_who_is_gone(head, status):
    lead = lead_that_is(status)
    with pytest.raises(leads.Refused):
        leads.assign(lead=lead, to=head, by=head, now=NOW)


def test_note_is_unreadable_in_the_database_and_keeps_its_versions(coordinator):
    lead, key = factories.LeadFactory(), uuid.uuid4()
    for _ in range(2):  # the same form, sent twice
        leads.write_note(lead=lead, text="Prefers mornings.", by=coordinator, now=NOW, form_key=key)
    first = Note.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM signups_note")
        assert "mornings" not in cursor.fetchone()[0]
    again = {"lead": lead, "by": coordinator, "now": NOW + MINUTE, "supersedes": first}
    leads.write_note(text="Prefers evenings.", form_key=uuid.uuid4(), **again)
    with pytest.raises(leads.Refused, match="Somebody else changed"):
        leads.write_note(text="Prefers noon.", form_key=uuid.uuid4(), **again)
    assert [note.text for note in Note.objects.all()] == ["Prefers evenings.", "Prefers mornings."]
    assert [note.text for note in Note.objects.current()] == ["Prefers evenings."]


def test_note_does_not_supersede_one_about_somebody_else(coordinator):
    note = factories.NoteFactory()
    with pytest.raises(leads.Refused):
        leads.write_note(
            lead=factories.LeadFactory(),
            text="x",
            by=coordinator,
            now=NOW,
            form_key=uuid.uuid4(),
            supersedes=note,
        )


def test_leads_go_round(head):
    staff = [factories.UserFactory(role=roles.COORDINATOR) for _ in range(3)]
    factories.UserFactory(role=roles.COORDINATOR, is_active=False)
    for minute in range(7):
        turns.assign_next(lead=factories.LeadFactory(), by=head, now=NOW + minute * MINUTE)
    assert list(Lead.objects.order_by("id").values_list("owner", flat=True)) == [
        user.pk for user in [*staff, *staff, staff[0]]
    ]


def test_worker_gives_out_what_is_open_and_nobodys():
    coordinator = factories.UserFactory(role=roles.COORDINATOR)
    waiting = [factories.LeadFactory(created_at=NOW), lead_that_is(LeadStatus.CONTACTED, created_at=NOW)]
    for status in set(LeadStatus) - set(OPEN):
        lead_that_is(status)
    factories.LeadFactory(owner=factories.UserFactory())
    assert turns.assign_waiting(lambda: NOW) == 2
    assert turns.assign_waiting(lambda: NOW) == 0
    assert list(coordinator.leads.order_by("id")) == waiting
    assert {event.actor_kind for event in Event.objects.all()} == {"system"}


def test_lead_stays_unassigned_while_nobody_takes_any():
    lead = factories.LeadFactory()
    assert turns.assign_waiting(lambda: NOW) == 0
    assert list(Lead.objects.unassigned()) == [lead]
    assert get_user_model().objects.count() == 0
