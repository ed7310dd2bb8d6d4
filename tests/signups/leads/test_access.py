"""Who may act on a lead: the owner works it, and whoever has the person on the phone logs, writes, books and sends."""

import datetime as dt

import pytest

from clinic import roles
from signups.leads.access import can_contact_lead, can_work_lead
from tests.factories import callbacks, calls, hosts, leads, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)  # (NOW is 10 a.m. at the clinic)


@pytest.fixture
def user(clinic):
    return users.UserFactory(role=roles.COORDINATOR)


@pytest.fixture
def lead(user):
    return leads.LeadFactory(owner=users.UserFactory(role=roles.COORDINATOR))


def rights(user, lead, now=NOW):
    return can_work_lead(user, lead), can_contact_lead(user, lead, now)


def test_owner_head_and_anybody_for_unassigned_leads_work_it(user, lead):
    assert rights(lead.owner, lead) == (True, True)
    assert rights(users.UserFactory(role=roles.HEAD), lead) == (True, True)
    assert rights(user, lead) == (False, False)
    lead.owner = None
    assert rights(user, lead) == (True, True)


def test_claimant_of_the_callback_is_in_touch_until_the_end_of_the_day_it_was_closed(user, lead):
    request = callbacks.CallbackRequestFactory(lead=lead, claimed_by=user, claimed_at=NOW - DAY)
    assert rights(user, lead) == (False, True)
    type(request).objects.update(closed_at=NOW, outcome="reached")
    assert rights(user, lead, NOW + 13 * HOUR) == (False, True)
    assert rights(user, lead, NOW + 14 * HOUR) == (False, False)  # midnight at the clinic


def test_whoever_called_without_an_answer_is_in_touch_that_day_though_the_queue_has_it_again(user, lead):
    request = callbacks.CallbackRequestFactory(lead=lead)
    callbacks.CallAttemptFactory(request=request, attempted_by=user, attempted_at=NOW)
    assert rights(user, lead) == (False, True)
    assert rights(user, lead, NOW + DAY) == (False, False)


@pytest.mark.parametrize(
    ("status", "today", "tomorrow"),
    [("booked", True, True), ("completed", True, False), ("no_show", True, False), ("cancelled", False, False)],
)
def test_host_is_in_touch_while_the_call_is_ahead_and_the_day_it_was_settled(user, lead, status, today, tomorrow):
    host = hosts.HostFactory(user=user)
    calls.OnboardingCallFactory(lead=lead, host=host, starts_at=NOW - HOUR, status=status, changed_at=NOW)
    assert [rights(user, lead, now)[1] for now in (NOW, NOW + DAY)] == [today, tomorrow]
    assert not can_contact_lead(users.UserFactory(role=roles.COORDINATOR), lead, NOW)


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.EDITOR, roles.REVIEWER, None])
def test_no_other_role_is_in_touch_with_anybody(lead, role):
    user = users.UserFactory(role=role)
    calls.OnboardingCallFactory(lead=lead, host=hosts.HostFactory(user=user))
    callbacks.CallbackRequestFactory(lead=lead, claimed_by=user, claimed_at=NOW)
    assert rights(user, lead) == (False, False)
