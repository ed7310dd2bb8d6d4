"""What still goes out when its moment has come."""

import datetime as dt
import re
import uuid

import pytest

from signups.audit.choices import ActorKind
from signups.calls.actions import book_call
from signups.consents.actions import unsubscribe
from signups.consents.choices import ConsentChannel
from signups.leads import contact_details
from signups.leads import links as lead_links
from signups.messages import delivery, portal_links, send_policy
from signups.messages.models import OutboxMessage
from signups.privacy import erasure
from signups.trials.actions import cancel_trial, confirm_email, resume_trial
from tests.factories.consents import ConsentFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.messages import OutboxMessageFactory
from tests.factories.trials import TrialFactory
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
    confirm_email(trial.lead, now=NOW)
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
    book_call(lead=trial.lead, start=NOW + 3 * DAY, host=host, by=ActorKind.PATIENT, now=NOW)
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
    portal_links.rotate_portal_link(lead, by=ActorKind.PATIENT, now=NOW)
    contact_details.update_contact_details(lead, by=ActorKind.PATIENT, now=NOW, time_zone="Asia/Tokyo")
    delivery.deliver_due(clock(NOW))
    mailoutbox.clear()
    sent_by(trial.ends_at + DAY / 2)
    (ended,) = mailoutbox
    for said in (ended.body, ended.alternatives[0].content):
        assert "November 28, 2026, 12:00 AM Tokyo time" in said
        assert lead_links.lead_from_portal_token(MY_LINK.search(said)[1]) == lead
    assert {MY_LINK.search(text) for text in written(lead)} == {None}


def test_reminder_of_a_call_says_what_is_true_when_it_is_sent(trial, mailoutbox):
    lead, start = trial.lead, NOW + 3 * DAY
    host = all_day_host()
    book_call(lead=lead, start=start, host=host, by=ActorKind.PATIENT, now=NOW)
    portal_links.rotate_portal_link(lead, by=ActorKind.PATIENT, now=NOW)
    contact_details.update_contact_details(lead, by=ActorKind.PATIENT, now=NOW, time_zone="Asia/Tokyo")
    delivery.deliver_due(clock(NOW))
    assert {MY_LINK.search(text) for text in written(lead)} == {None}
    mailoutbox.clear()
    assert "call_day_before" in sent_by(start - DAY)
    (reminder,) = mailoutbox
    for said in (reminder.body, reminder.alternatives[0].content):
        assert "Tokyo" in said
        assert lead_links.lead_from_portal_token(MY_LINK.search(said)[1]) == lead


def test_link_replaced_while_a_message_is_in_the_workers_hand_is_the_one_it_carries(trial, mailoutbox):
    asked = []

    def clock():
        asked.append(trial.ends_at)
        if len(asked) == 2:  # taken, and not yet looked at again
            portal_links.rotate_portal_link(trial.lead, by=ActorKind.PATIENT, now=NOW)
        return trial.ends_at

    delivery.deliver_due(clock)
    (ended,) = [sent for sent in mailoutbox if sent.subject == "Your free trial has ended"]
    assert lead_links.lead_from_portal_token(MY_LINK.search(ended.body)[1]) == trial.lead


def test_cancelled_message_keeps_no_link(trial):
    cancel_trial(trial, by=ActorKind.PATIENT, now=NOW)
    resume_trial(trial, by=ActorKind.PATIENT, now=NOW)
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
    cancel_trial(trial, by=ActorKind.PATIENT, now=NOW + HOUR)
    assert sent_by(trial.ends_at + DAY) == ["trial_cancelled", "trial_started"]
    assert OutboxMessage.objects.pending().count() == 0


def test_trial_taken_up_again_reminds_as_if_nothing_had_been(trial):
    due = trial.ends_at - DAY
    cancel_trial(trial, by=ActorKind.PATIENT, now=due - HOUR / 2)
    assert "trial_ending" not in sent_by(due)  # waits for the hour to pass
    resume_trial(trial, by=ActorKind.PATIENT, now=due + HOUR / 4)
    assert "trial_ending" in sent_by(due + HOUR)


def test_news_of_a_cancelling_that_was_taken_back_is_not_sent(trial):
    sent_by(NOW)
    cancel_trial(trial, by=ActorKind.PATIENT, now=NOW)
    resume_trial(trial, by=ActorKind.PATIENT, now=NOW)
    assert sent_by(NOW) == ["trial_started"]


def test_converted_trial_is_not_said_to_have_ended(trial):
    type(trial).objects.update(converted_at=NOW + DAY)
    assert sent_by(trial.ends_at + DAY) == ["trial_started"]


def test_who_stopped_our_mail_gets_answers_only(trial):
    unsubscribe(trial.lead, **STOP, now=NOW)
    portal_links.rotate_portal_link(trial.lead, by=ActorKind.PATIENT, now=NOW)
    assert sent_by(trial.ends_at + DAY) == ["my_link", "trial_started"]


def test_nothing_but_the_receipt_after_erasure_and_it_forgets_itself(trial, mail_server):
    sent_by(NOW)
    erasure.erase_lead(trial.lead, by=ActorKind.PATIENT, now=NOW)
    receipt = OutboxMessage.objects.pending().get()
    assert (receipt.kind, receipt.to) == ("erasure_receipt", "jo@example.com")
    assert sent_by(trial.ends_at + DAY) == ["erasure_receipt", "trial_started"]
    assert mail_server.messages[-1]["To"] == "jo@example.com"
    assert mail_server.messages[-1]["List-Unsubscribe"] is None
    assert set(OutboxMessage.objects.values_list("to", "text", "html")) == {("", "", "")}


def test_receipt_that_cannot_be_delivered_forgets_itself_too(trial, mail_server):
    sent_by(NOW)
    erasure.erase_lead(trial.lead, by=ActorKind.PATIENT, now=NOW)
    mail_server.answer = lambda message: "550 no such mailbox"
    assert sent_by(NOW) == ["trial_started"]
    receipt = OutboxMessage.objects.get(kind="erasure_receipt")
    assert (receipt.status, receipt.to, receipt.text) == ("failed", "", "")


def test_erased_address_gets_nothing_unasked_until_its_owner_confirms_anew(clinic):
    former = TrialFactory(requested_at=NOW, started_at=NOW, lead__email="jo@example.com").lead
    erasure.erase_lead(former, by=ActorKind.PATIENT, now=NOW)
    lead = LeadFactory(email="jo@example.com")
    confirm, opened = (OutboxMessageFactory(lead=lead, kind=kind) for kind in ("confirm_trial", "waitlist_opened"))
    assert send_policy.why_not_send(confirm, NOW) == ""
    assert "data was erased" in send_policy.why_not_send(opened, NOW)
    TrialFactory(lead=lead, requested_at=NOW)
    confirm_email(lead, now=NOW)
    assert send_policy.why_not_send(opened, NOW) == ""


def text_message(lead, kind="texts_chosen", **fields):
    message = OutboxMessageFactory(lead=lead, kind=kind, channel="text", **{"to": lead.phone_e164, **fields})
    return OutboxMessage.objects.get(pk=message.pk)


def test_a_text_is_sent_to_the_number_they_have_and_agreed_with():
    lead = LeadFactory(phone="212 555 0123", phone_e164="+12125550123", preferred_channel="text")
    assert send_policy.why_not_send(text_message(lead), NOW) == "Don’t text: no consent to texts."
    assert send_policy.why_not_send(text_message(lead, kind="texts_stopped"), NOW) == ""
    ConsentFactory(lead=lead, text__purpose="texts", created_at=NOW - HOUR)
    assert send_policy.why_not_send(text_message(lead), NOW) == ""
    for other in ("+12125550100", "+16465550100"):
        assert send_policy.why_not_send(text_message(lead, to=other), NOW) == "their number has changed"


def test_a_text_waits_for_their_morning_unless_it_answers_a_keyword():
    lead, night = LeadFactory(phone="212 555 0123", phone_e164="+12125550123"), NOW + 12 * HOUR  # 10 p.m.
    assert send_policy.earliest_send_time(text_message(lead), NOW) == NOW
    assert send_policy.earliest_send_time(text_message(lead), night) == night + 10 * HOUR
    assert send_policy.earliest_send_time(text_message(lead, kind="texts_stopped"), night) == night
    mail = OutboxMessageFactory(lead=lead, kind="call_booked")
    assert send_policy.earliest_send_time(mail, night) == night


def test_mail_to_an_address_that_does_not_work_is_sent_only_if_they_ask_for_it_again():
    lead = LeadFactory(email_bounced_at=NOW)
    reasons = {"confirm_trial": "", "my_link": "", "trial_exists": "this address does not work"}
    messages = {kind: OutboxMessageFactory(lead=lead, kind=kind) for kind in reasons}
    assert {kind: send_policy.why_not_send(message, NOW) for kind, message in messages.items()} == reasons
