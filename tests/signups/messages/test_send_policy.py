"""What still goes out when its moment has come."""

import datetime as dt
import re
import uuid

import pytest

from signups import links
from signups.actions import calls, consents, details, privacy, trials
from signups.messages import delivery, send_policy
from signups.models import OutboxMessage
from signups.states import ActorKind, ConsentChannel
from tests.factories import AvailabilityRuleFactory, HostFactory, LeadFactory, OutboxMessageFactory, TrialFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
MY_LINK = re.compile(r"/my/([\w:-]+)/")
STOP = {"channel": ConsentChannel.EMAIL, "by": ActorKind.PATIENT}


def clock(at):
    return lambda: at


@pytest.fixture
def trial(clinic):
    """Started at 10:00 in New York, with everything that is written at the start."""
    trial = TrialFactory(requested_at=NOW, lead__email="jo@example.com")
    trials.confirm(trial.lead, now=NOW)
    trial.refresh_from_db()
    return trial


def all_day_host():
    host = HostFactory()
    for weekday in range(7):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
    return host


def sent_by(at):
    """The kinds of what has gone out once the worker looked at `at`."""
    while delivery.deliver_due(clock(at)):
        pass
    return sorted(OutboxMessage.objects.filter(status="sent").values_list("kind", flat=True))


def test_life_of_a_trial_in_messages(trial):
    end = trial.ends_at
    assert sent_by(NOW) == ["trial_started"]
    assert sent_by(end - DAY - HOUR) == ["trial_started"]
    assert sent_by(end - DAY) == ["trial_ending", "trial_started"]
    assert sent_by(end) == ["trial_ended", "trial_ending", "trial_started"]


def test_nothing_is_read_out_of_the_dedupe_key(trial):
    host = all_day_host()
    calls.book(lead=trial.lead, start=NOW + 3 * DAY, host=host, by=ActorKind.PATIENT, now=NOW)
    for message in OutboxMessage.objects.all():
        OutboxMessage.objects.filter(pk=message.pk).update(dedupe_key=uuid.uuid4())
    for at in (NOW, NOW + 2 * DAY, NOW + 3 * DAY - HOUR, trial.ends_at - DAY):
        sent_by(at)
    assert sent_by(trial.ends_at) == [
        *("call_booked", "call_day_before", "call_hour_before", "host_call"),
        *("trial_ended", "trial_ending", "trial_started"),
    ]


def test_what_was_written_ahead_says_what_is_true_when_it_is_sent(trial, mailoutbox):
    """Their link was replaced, and they moved. No link that works stood in the database meanwhile."""
    lead = trial.lead
    delivery.deliver_due(clock(NOW))
    assert {MY_LINK.search(text) for text in written(lead)} == {None}
    privacy.replace_link(lead, by=ActorKind.PATIENT, now=NOW)
    details.change(lead, by=ActorKind.PATIENT, now=NOW, time_zone="Asia/Tokyo")
    delivery.deliver_due(clock(NOW))
    mailoutbox.clear()
    sent_by(trial.ends_at + DAY / 2)
    (ended,) = mailoutbox
    for said in (ended.body, ended.alternatives[0].content):
        assert "November 28, 2026, 12:00 AM (Tokyo time)" in said
        assert links.mine(MY_LINK.search(said)[1]) == lead
    assert {MY_LINK.search(text) for text in written(lead)} == {None}


def test_reminder_of_a_call_says_what_is_true_when_it_is_sent(trial, mailoutbox):
    lead, start = trial.lead, NOW + 3 * DAY
    host = all_day_host()
    calls.book(lead=lead, start=start, host=host, by=ActorKind.PATIENT, now=NOW)
    privacy.replace_link(lead, by=ActorKind.PATIENT, now=NOW)
    details.change(lead, by=ActorKind.PATIENT, now=NOW, time_zone="Asia/Tokyo")
    delivery.deliver_due(clock(NOW))
    assert {MY_LINK.search(text) for text in written(lead)} == {None}
    mailoutbox.clear()
    assert "call_day_before" in sent_by(start - DAY)
    (reminder,) = mailoutbox
    for said in (reminder.body, reminder.alternatives[0].content):
        assert "Tokyo" in said
        assert links.mine(MY_LINK.search(said)[1]) == lead


def test_link_replaced_while_a_message_is_in_the_workers_hand_is_the_one_it_carries(trial, mailoutbox):
    asked = []

    def clock():
        asked.append(trial.ends_at)
        if len(asked) == 2:  # taken, and not yet looked at again
            privacy.replace_link(trial.lead, by=ActorKind.PATIENT, now=NOW)
        return trial.ends_at

    delivery.deliver_due(clock)
    (ended,) = [sent for sent in mailoutbox if sent.subject == "Your free days have ended"]
    assert links.mine(MY_LINK.search(ended.body)[1]) == trial.lead


def test_cancelled_message_keeps_no_link(trial):
    trials.cancel(trial, by=ActorKind.PATIENT, now=NOW)
    trials.undo_cancel(trial, by=ActorKind.PATIENT, now=NOW)
    delivery.deliver_due(clock(NOW))
    cancelled = trial.lead.messages.get(kind="trial_cancelled")
    assert (cancelled.status, {MY_LINK.search(text) for text in written(trial.lead)}) == ("cancelled", {None})


def written(lead):
    return [text for pair in lead.messages.values_list("text", "html") for text in pair]


@pytest.mark.parametrize(
    ("zone", "hours_later"),
    [
        ("America/New_York", 0),  # 10 a.m.
        ("America/Los_Angeles", 1),  # 7 a.m.
        ("Pacific/Honolulu", 3),  # 5 a.m.
        ("Asia/Tokyo", 8),  # midnight
    ],
)
def test_reminder_comes_by_day_where_they_are_now(trial, zone, hours_later):
    trial.lead.time_zone = zone
    trial.lead.save()
    due = trial.ends_at - DAY
    for hour in range(9):
        assert ("trial_ending" in sent_by(due + hour * HOUR)) == (hour >= hours_later)


def test_cancelled_trial_reminds_nobody(trial):
    trials.cancel(trial, by=ActorKind.PATIENT, now=NOW + HOUR)
    assert sent_by(trial.ends_at + DAY) == ["trial_cancelled", "trial_started"]
    assert OutboxMessage.objects.pending().count() == 0


def test_trial_taken_up_again_reminds_as_if_nothing_had_been(trial):
    due = trial.ends_at - DAY
    trials.cancel(trial, by=ActorKind.PATIENT, now=due - HOUR / 2)
    assert "trial_ending" not in sent_by(due)  # waits for the hour to pass
    trials.undo_cancel(trial, by=ActorKind.PATIENT, now=due + HOUR / 4)
    assert "trial_ending" in sent_by(due + HOUR)


def test_news_of_a_cancelling_that_was_taken_back_is_not_sent(trial):
    sent_by(NOW)
    trials.cancel(trial, by=ActorKind.PATIENT, now=NOW)
    trials.undo_cancel(trial, by=ActorKind.PATIENT, now=NOW)
    assert sent_by(NOW) == ["trial_started"]


def test_converted_trial_is_not_said_to_have_ended(trial):
    type(trial).objects.update(converted_at=NOW + DAY)
    assert sent_by(trial.ends_at + DAY) == ["trial_started"]


def test_who_stopped_our_mail_gets_answers_only(trial):
    consents.stop_mail(trial.lead, **STOP, now=NOW)
    privacy.replace_link(trial.lead, by=ActorKind.PATIENT, now=NOW)
    assert sent_by(trial.ends_at + DAY) == ["my_link", "trial_started"]


def test_nothing_but_the_receipt_after_erasure_and_it_forgets_itself(trial, mail_server):
    sent_by(NOW)
    privacy.erase(trial.lead, by=ActorKind.PATIENT, now=NOW)
    receipt = OutboxMessage.objects.pending().get()
    assert (receipt.kind, receipt.to) == ("erasure_receipt", "jo@example.com")
    assert sent_by(trial.ends_at + DAY) == ["erasure_receipt", "trial_started"]
    assert mail_server.messages[-1]["To"] == "jo@example.com"
    assert mail_server.messages[-1]["List-Unsubscribe"] is None
    assert set(OutboxMessage.objects.values_list("to", "text", "html")) == {("", "", "")}


def test_receipt_that_cannot_be_delivered_forgets_itself_too(trial, mail_server):
    sent_by(NOW)
    privacy.erase(trial.lead, by=ActorKind.PATIENT, now=NOW)
    mail_server.answer = lambda message: "550 no such mailbox"
    assert sent_by(NOW) == ["trial_started"]
    receipt = OutboxMessage.objects.get(kind="erasure_receipt")
    assert (receipt.status, receipt.to, receipt.text) == ("failed", "", "")


def test_erased_address_gets_nothing_unasked_until_its_owner_confirms_anew(clinic):
    former = TrialFactory(requested_at=NOW, started_at=NOW, lead__email="jo@example.com").lead
    privacy.erase(former, by=ActorKind.PATIENT, now=NOW)
    lead = LeadFactory(email="jo@example.com")
    confirm, opened = (OutboxMessageFactory(lead=lead, kind=kind) for kind in ("confirm_trial", "waitlist_opened"))
    assert [send_policy.should_still_send(message, NOW) for message in (confirm, opened)] == [True, False]
    TrialFactory(lead=lead, requested_at=NOW)
    trials.confirm(lead, now=NOW)
    assert send_policy.should_still_send(opened, NOW) is True
