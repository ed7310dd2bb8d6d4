"""What counts as contact, and that everything agrees about it."""

import datetime as dt
import uuid

import pytest

from clinic import roles
from signups.audit.choices import ActorKind
from signups.callbacks.actions import log_attempt
from signups.callbacks.choices import OUTREACH_OUTCOMES, CallOutcome
from signups.callbacks.outreach import log_outreach
from signups.calls.actions import complete_call, mark_no_show
from signups.leads.actions import change_status
from signups.leads.choices import TERMINAL_STATUSES, LeadStatus
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.reports.choices import Metric
from signups.reports.daily_metrics import compute_metrics
from signups.trials.actions import convert_trial
from tests.factories import callbacks, calls, hosts, leads, trials, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def user(clinic):
    return users.UserFactory(role=roles.COORDINATOR)


@pytest.fixture
def lead(user):
    """Somebody else’s."""
    owner = users.UserFactory(role=roles.COORDINATOR)
    return leads.LeadFactory(owner=owner, created_at=NOW - 3 * HOUR, phone="212 555 0123", phone_e164="+12125550123")


def state(lead):
    return Lead.objects.values_list("status", "first_contact_at", "last_contact_at").get(pk=lead.pk)


def attempt(lead, outcome, by, number=1, now=NOW):
    request = lead.callbacks.first() or callbacks.CallbackRequestFactory(lead=lead, created_at=NOW - HOUR)
    again = now + 3 * HOUR if outcome in ("no_answer", "voicemail", "busy") else None
    log_attempt(request, number=number, outcome=outcome, by=by, now=now, form_key=uuid.uuid4(), next_attempt_at=again)


def test_somebody_reached_by_a_colleague_of_the_owner_is_contacted(lead, user):
    attempt(lead, CallOutcome.NO_ANSWER, user, now=NOW - HOUR)
    assert state(lead) == ("new", NOW - HOUR, NOW - HOUR)
    attempt(lead, CallOutcome.REACHED, user, number=2)
    assert state(lead) == ("contacted", NOW - HOUR, NOW)
    moved = lead.events.get(action="moved")
    assert (moved.actor, moved.detail) == (user, {"seen": "new", "to": "contacted"})


@pytest.mark.parametrize("outcome", OUTREACH_OUTCOMES)
def test_every_outreach_is_contact_and_who_spoke_with_them_moves_them(lead, outcome):
    log_outreach(lead=lead, outcome=outcome, by=lead.owner, now=NOW)
    spoke = outcome in (CallOutcome.REACHED, CallOutcome.DO_NOT_CALL)
    assert state(lead) == ("contacted" if spoke else "new", NOW, NOW)


def test_a_call_that_was_held_or_missed_is_contact_at_its_time(lead, user):
    call = calls.OnboardingCallFactory(lead=lead, starts_at=NOW - HOUR, host=hosts.HostFactory(user=user))
    mark_no_show(call=call, by=user, now=NOW)
    assert state(lead) == ("new", NOW - HOUR, NOW - HOUR)
    complete_call(call=call, by=user, now=NOW)
    assert state(lead) == ("contacted", NOW - HOUR, NOW - HOUR)


def test_a_status_set_by_hand_is_contact_and_closing_is_none(lead):
    change_status(lead=lead, to=LeadStatus.CONTACTED, by=lead.owner, now=NOW)
    assert state(lead) == ("contacted", NOW, NOW)
    change_status(lead=lead, to=LeadStatus.CLOSED, by=lead.owner, now=NOW + HOUR, reason="moved")
    change_status(lead=lead, to=LeadStatus.CONTACTED, by=users.UserFactory(role=roles.HEAD), now=NOW + HOUR)
    assert state(lead) == ("contacted", NOW, NOW)


def test_who_was_never_contacted_is_new_again_when_reopened(lead):
    head = users.UserFactory(role=roles.HEAD)
    closing = {"to": LeadStatus.CLOSED, "by": head, "reason": "moved"}
    for contacted, reopened in ((False, "new"), (True, "contacted")):
        if contacted:
            log_outreach(lead=lead, outcome=CallOutcome.NO_ANSWER, by=head, now=NOW)
        change_status(lead=lead, now=NOW, **closing)
        change_status(lead=lead, to=LeadStatus.CONTACTED, by=head, now=NOW)
        lead.refresh_from_db()
        assert lead.status == reopened


def test_a_completion_logged_by_mistake_leaves_nobody_contacted_who_was_not(lead, user):
    host = hosts.HostFactory(user=user)
    call = calls.OnboardingCallFactory(lead=lead, starts_at=NOW - HOUR, host=host)
    for later, status in ((False, "new"), (True, "contacted")):
        complete_call(call=call, by=user, now=NOW)
        if later:
            log_outreach(lead=lead, outcome=CallOutcome.REACHED, by=lead.owner, now=NOW + HOUR)
        mark_no_show(call=call, by=user, now=NOW + 2 * HOUR)
        assert state(lead)[0] == status


@pytest.mark.parametrize("status", [s for s in LeadStatus if s not in (LeadStatus.NEW, *TERMINAL_STATUSES)])
def test_only_new_leads_are_moved_by_being_reached(lead, status):
    Lead.objects.update(status=status, close_reason="moved" if status == "closed" else "")
    lead.refresh_from_db()
    log_outreach(lead=lead, outcome=CallOutcome.REACHED, by=lead.owner, now=NOW)
    assert state(lead)[0] == status


def test_funnel_never_shows_more_converted_than_contacted(lead):
    """Whichever way they were contacted: by hand, by their call, or before an import."""
    zone = dt.UTC
    for number, how in enumerate(["by hand", "by call", "imported", "never"]):
        person = leads.LeadFactory(created_at=NOW - HOUR, status="new" if how == "never" else "qualified")
        trial = trials.TrialFactory(lead=person, requested_at=NOW - HOUR, started_at=NOW - HOUR)
        if how == "by call":
            call = calls.OnboardingCallFactory(lead=person, starts_at=NOW - number * HOUR)
            complete_call(call=call, by=ActorKind.SYSTEM, now=NOW)
        if how != "never":
            convert_trial(trial, by=users.UserFactory(role=roles.HEAD), now=NOW)
    counted = compute_metrics(NOW.date(), NOW.date() + dt.timedelta(days=1), zone)
    day = NOW.date()
    assert [counted[day, metric, ""] for metric in (Metric.SIGNED_UP, Metric.CONTACTED, Metric.CONVERTED)] == [5, 3, 3]
    assert current_offer()


def test_an_imported_person_signed_up_on_no_day():
    from tests.factories.audit import AuditEventFactory

    person = leads.LeadFactory(created_at=NOW)
    AuditEventFactory(lead=person, action="imported", occurred_at=NOW)
    other = leads.LeadFactory(created_at=NOW - HOUR)
    AuditEventFactory(lead=other, action="imported", occurred_at=NOW)  # an import filled in what was missing
    counted = compute_metrics(NOW.date(), NOW.date() + dt.timedelta(days=1), dt.UTC)
    assert counted[NOW.date(), Metric.SIGNED_UP, ""] == 1
