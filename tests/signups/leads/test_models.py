"""Invariants that the database itself holds, and what is derived from the instants it keeps."""

import datetime as dt
import re
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from clinic.lib import bulk_sql
from signups.audit.models import AuditEvent
from signups.consents.models import Consent
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from signups.messages.choices import MessageStatus
from signups.trials.models import Trial
from tests.factories import audit, consents, leads, messages, trials, users

pytestmark = pytest.mark.django_db

UTC = dt.UTC
START = dt.datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def refused(factory, **fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        factory(**fields)


def test_one_live_lead_holds_an_address():
    leads.LeadFactory(email="jo@example.com")
    refused(leads.LeadFactory, email="jo@example.com")


@pytest.mark.parametrize("status", [LeadStatus.MERGED, LeadStatus.ERASED])
def test_address_is_free_again_once_its_lead_is_gone(status):
    leads.LeadFactory(email="jo@example.com", status=status)
    assert leads.LeadFactory(email="jo@example.com").pk


def test_closing_needs_a_reason_and_only_closing_has_one():
    refused(leads.LeadFactory, status=LeadStatus.CLOSED)
    refused(leads.LeadFactory, close_reason="moved away")
    assert leads.LeadFactory(status=LeadStatus.CLOSED, close_reason="moved away").pk


def test_one_open_trial_per_lead():
    trial = trials.TrialFactory(cancelled_at=START)
    trials.TrialFactory(lead=trial.lead)
    refused(trials.TrialFactory, lead=trial.lead)


def test_trial_instants_follow_each_other():
    refused(trials.TrialFactory, requested_at=START, started_at=START - dt.timedelta(seconds=1))
    refused(trials.TrialFactory, requested_at=START, converted_at=START)
    refused(trials.TrialFactory, requested_at=START, started_at=START, refund_requested_at=START)
    paid = {"requested_at": START, "started_at": START, "converted_at": START}
    refused(trials.TrialFactory, **paid, refunded_at=START)


@pytest.mark.parametrize(
    "started",
    [
        dt.datetime(2026, 3, 5, 12, tzinfo=UTC),  # over the clock change of March 8 in New York
        dt.datetime(2026, 10, 29, 12, tzinfo=UTC),  # over the one of November 1
        dt.datetime(2028, 2, 26, 23, 59, 59, tzinfo=UTC),  # over a leap day
        dt.datetime(2026, 12, 28, tzinfo=UTC),  # over the year's end
    ],
)
def test_seven_days_are_168_hours_whatever_the_calendar_does(started):
    trial = Trial(days=7, requested_at=started, started_at=started)
    assert trial.ends_at - started == dt.timedelta(hours=168)
    assert (trial.day(started), trial.day(trial.ends_at - dt.timedelta(seconds=1)), trial.day(trial.ends_at)) == (
        1,
        7,
        None,
    )


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "email not confirmed"),
        ({"started_at": START}, "day 3 of 7"),
        ({"started_at": START - dt.timedelta(days=5)}, "ended"),
        ({"started_at": START, "cancelled_at": START}, "cancelled"),
        ({"started_at": START, "converted_at": START}, "converted"),
    ],
)
def test_trial_state_is_derived(fields, state):
    assert Trial(days=7, **fields).state(START + dt.timedelta(days=2)) == state


def test_sent_message_has_its_time_and_only_a_sent_one():
    refused(messages.OutboxMessageFactory, status=MessageStatus.SENT)
    refused(messages.OutboxMessageFactory, sent_at=START)


def test_same_deed_is_told_once():
    messages.OutboxMessageFactory(dedupe_key="trial_started:1")
    refused(messages.OutboxMessageFactory, dedupe_key="trial_started:1")


def test_event_of_staff_names_them_and_no_other_does():
    user = users.UserFactory()
    refused(audit.AuditEventFactory, actor_kind="staff")
    refused(audit.AuditEventFactory, actor_kind="patient", actor=user)
    assert audit.AuditEventFactory(actor_kind="staff", actor=user).pk


@pytest.mark.parametrize(
    ("factory", "model"), [(audit.AuditEventFactory, AuditEvent), (consents.ConsentFactory, Consent)]
)
def test_record_is_neither_changed_nor_deleted(factory, model):
    row = factory()
    for change in (row.save, row.delete, model.objects.all().delete, lambda: model.objects.update(lead=None)):
        with pytest.raises(TypeError):
            change()
    assert model.objects.count() == 1


@pytest.mark.postgresql  # (SQLite estimates nothing)
def test_planner_knows_that_a_mailbox_is_one_leads():
    """Else it reads the whole table for a thousand addresses, so that an import into many leads is slow."""
    rows = [
        {"name": "Jo", "name_folded": "jo", "name_key": "jo", "email_key": f"jo{n}@x.example", "time_zone": "UTC"}
        | {"public_id": uuid.uuid4(), "created_at": timezone.now()}
        for n in range(2000)
    ]
    bulk_sql.insert_rows(Lead, rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE signups_lead")
    plan = Lead.objects.live().with_mailbox(row["email_key"] for row in rows[:200]).order_by().explain()
    assert int(re.search(r"rows=(\d+)", plan)[1]) < 400
