"""The life of a trial: every state from its instants, and every way out of it."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from clinic import roles
from signups.audit.choices import ActorKind
from signups.leads import locking
from signups.leads.choices import LeadStatus
from signups.leads.models import Lead
from signups.trials.actions import (
    UndoWindowClosed,
    cancel_trial,
    convert_trial,
    mark_refunded,
    request_refund,
    resume_trial,
    undo_mark_refunded,
)
from signups.trials.models import Trial
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
PATIENT = ActorKind.PATIENT


def at(text, zone="America/New_York"):
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def running(started=NOW, **fields):
    return TrialFactory(requested_at=started, started_at=started, **fields)


@pytest.fixture
def head():
    return UserFactory(role=roles.HEAD)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-20 10:00", "2026-11-27 10:00"),
        ("2026-10-28 10:00", "2026-11-04 09:00"),  # the clock goes back meanwhile: seven times 24 hours all the same
        ("2026-03-05 10:00", "2026-03-12 11:00"),
        ("2026-01-28 10:00", "2026-02-04 10:00"),
        ("2028-02-25 10:00", "2028-03-03 10:00"),  # over a leap day
        ("2026-12-28 23:59", "2027-01-04 23:59"),
        ("2026-12-28 18:59:59.999999", "2027-01-04 18:59:59.999999"),  # the last microsecond of a day in UTC
    ],
)
def test_seven_days_are_seven_times_24_hours(start, end):
    trial = running(at(start))
    assert trial.ends_at == at(end)
    assert list(Trial.objects.values_list("ends_at_db", flat=True)) == [at(end)]
    moment = dt.timedelta(microseconds=1)
    assert [trial.state(now) for now in (at(end) - moment, at(end))] == ["day 7 of 7", "ended"]
    for now, found in ((at(end) - moment, [trial]), (at(end), [])):
        assert list(Trial.objects.running(now)) == found


def test_ending_within_a_span_first_to_end_first():
    later, sooner = running(NOW), running(NOW - 2 * DAY, days=8)
    running(NOW, days=14)
    running(NOW, cancelled_at=NOW)
    running(NOW - DAY, converted_at=NOW)
    running(NOW - 8 * DAY)
    TrialFactory(requested_at=NOW)
    assert list(Trial.objects.ending_within(7 * DAY, NOW)) == [sooner, later]
    assert list(Trial.objects.ending_within(6 * DAY, NOW)) == [sooner]
    assert [trial.ends_at_db for trial in Trial.objects.ending_within(7 * DAY, NOW)] == [sooner.ends_at, later.ends_at]


@pytest.mark.parametrize(
    ("converted", "last_day"),
    [
        ("2026-11-20 10:00", "2026-12-20"),
        ("2026-11-20 23:59", "2026-12-20"),
        ("2026-10-15 00:00", "2026-11-14"),
        ("2026-01-30 12:00", "2026-03-01"),
        ("2028-01-30 12:00", "2028-02-29"),
    ],
)
def test_guarantee_lasts_to_the_end_of_its_last_day_where_they_are(converted, last_day):
    trial = running(at(converted) - DAY, converted_at=at(converted))
    zone = "America/New_York"
    assert str(trial.guarantee_last_day(zone)) == last_day
    midnight = at(last_day) + dt.timedelta(hours=24)
    assert [trial.may_be_refunded(zone, now) for now in (midnight - dt.timedelta(seconds=1), midnight)] == [True, False]


def test_cancelling_ends_it_at_once_and_once(clinic):
    trial = running()
    for minutes in (1, 2):
        cancel_trial(trial, by=PATIENT, now=NOW + dt.timedelta(minutes=minutes))
    trial.refresh_from_db()
    assert trial.cancelled_at == NOW + dt.timedelta(minutes=1)
    assert [event.action for event in trial.lead.events.all()] == ["trial_cancelled"]
    assert [message.kind for message in trial.lead.messages.all()] == ["trial_cancelled"]


def test_cancelling_can_be_taken_back_for_an_hour(clinic):
    trial = running()
    cancel_trial(trial, by=PATIENT, now=NOW)
    resume_trial(trial, by=PATIENT, now=NOW + dt.timedelta(hours=1))
    trial.refresh_from_db()
    assert trial.state(NOW) == "day 1 of 7"
    cancel_trial(trial, by=PATIENT, now=NOW)
    with pytest.raises(UndoWindowClosed):
        resume_trial(trial, by=PATIENT, now=NOW + dt.timedelta(hours=1, microseconds=1))


def test_cancelling_is_not_taken_back_over_a_newer_trial(clinic):
    trial = running()
    cancel_trial(trial, by=PATIENT, now=NOW)
    TrialFactory(lead=trial.lead, requested_at=NOW)
    with pytest.raises(UndoWindowClosed):
        resume_trial(trial, by=PATIENT, now=NOW)


def test_converting_starts_the_guarantee_and_moves_the_lead(clinic, head):
    trial = running(lead__status=LeadStatus.QUALIFIED)
    for _ in range(2):
        convert_trial(trial, by=head, now=NOW + DAY)
    assert (Trial.objects.get().converted_at, Lead.objects.get().status) == (NOW + DAY, "converted")
    (message,) = trial.lead.messages.all()
    assert "Monday, December 21, 2026" in message.text
    assert sorted(event.action for event in trial.lead.events.all()) == ["moved", "trial_converted"]


@pytest.mark.parametrize("fields", [{"started_at": None}, {"cancelled_at": NOW}, {"lead__status": "new"}])
def test_what_is_not_that_far_is_not_converted(clinic, head, fields):
    trial = TrialFactory(**{"requested_at": NOW, "started_at": NOW, "lead__status": "qualified", **fields})
    with pytest.raises(locking.ActionError):
        convert_trial(trial, by=head, now=NOW)
    assert (Trial.objects.get().converted_at, trial.lead.events.count()) == (None, 0)


def test_refund_is_accepted_once_and_stands_on_the_desk(clinic):
    trial = running(converted_at=NOW)
    for days in (30, 31):
        request_refund(trial, by=PATIENT, now=NOW + days * DAY)
    assert [row.refund_requested_at for row in Trial.objects.refund_owed()] == [NOW + 30 * DAY]
    assert [event.action for event in trial.lead.events.all()] == ["refund_requested"]


def test_refund_is_settled_once_and_leaves_the_desk(clinic, head):
    trial = running(converted_at=NOW)
    with pytest.raises(locking.ActionError, match="No refund was requested"):
        mark_refunded(trial, by=head, now=NOW)
    request_refund(trial, by=PATIENT, now=NOW)
    for days in (1, 2):
        mark_refunded(trial, by=head, now=NOW + days * DAY)
    assert Trial.objects.refund_owed().count() == 0
    trial.refresh_from_db()
    assert (trial.refunded_at, trial.refund_is_owed) == (NOW + DAY, False)
    assert [(event.action, event.actor) for event in trial.lead.events.all()] == [
        ("refund_settled", head),
        ("refund_requested", None),
    ]


def test_settling_is_taken_back_within_the_hour_and_the_money_is_owed_again(clinic, head):
    trial = running(converted_at=NOW, refund_requested_at=NOW, refunded_at=NOW)
    hour = dt.timedelta(hours=1)
    with pytest.raises(locking.ActionError, match="within one hour"):
        undo_mark_refunded(trial, by=head, now=NOW + hour + dt.timedelta(microseconds=1))
    assert (Trial.objects.refund_owed().count(), trial.lead.events.count()) == (0, 0)
    for _ in range(2):
        undo_mark_refunded(trial, by=head, now=NOW + hour)
    assert Trial.objects.refund_owed().get() == trial
    assert [(event.action, event.actor) for event in trial.lead.events.all()] == [("refund_unsettled", head)]


def test_who_does_not_work_the_lead_takes_no_settling_back(clinic, head):
    trial = running(converted_at=NOW, refund_requested_at=NOW, refunded_at=NOW, lead__owner=head)
    with pytest.raises(locking.ActionError, match="somebody else’s"):
        undo_mark_refunded(trial, by=UserFactory(role=roles.COORDINATOR), now=NOW)
    assert Trial.objects.refund_owed().count() == 0


def test_refund_after_the_guarantee_is_refused(clinic):
    trial = running(converted_at=NOW)
    with pytest.raises(UndoWindowClosed):
        request_refund(trial, by=PATIENT, now=NOW + 31 * DAY)
    assert Trial.objects.refund_owed().count() == 0


def test_who_cancelled_may_start_again(clinic, post_start):
    post_start()
    cancel_trial(Trial.objects.get(), by=PATIENT, now=NOW)
    post_start(at=NOW + DAY)
    assert [trial.state(NOW + DAY) for trial in Trial.objects.order_by("pk")] == ["cancelled", "email not confirmed"]
    assert Lead.objects.get().messages.filter(kind="confirm_trial").count() == 2


def test_whoever_types_a_known_address_agrees_to_no_call_for_its_owner(clinic, post_start):
    trial = running(lead__email="jo@example.com", lead__phone="212 555 0123", cancelled_at=NOW)
    post_start(preferred_channel="call", phone="212 555 0199", calls="on")
    assert sorted(consent.text.purpose for consent in trial.lead.consents.in_force()) == ["privacy", "terms"]
