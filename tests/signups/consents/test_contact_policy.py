"""Who may be called, texted and written to now; why not; and what would open a way."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from signups.audit.choices import ActorKind
from signups.consents.actions import grant_consent, revoke_consent
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.contact_policy import (
    STOPPED,
    Basis,
    Remedy,
    contact_plan,
    facts_of,
    may_call,
    may_deliver_unsolicited,
    may_email,
    may_text,
)
from signups.consents.suppression_models import contact_hash
from signups.leads.choices import COMPLAINT, Channel
from signups.leads.models import Lead
from tests.factories.callbacks import CallbackRequestFactory
from tests.factories.calls import OnboardingCallFactory
from tests.factories.consents import ConsentFactory, SuppressionFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.signups.conftest import NOW  # (10 a.m. in New York)

pytestmark = pytest.mark.django_db

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
NIGHT = NOW + 12 * HOUR
STAFF = {"channel": ConsentChannel.PHONE, "by": ActorKind.PATIENT}


def lead_with(**fields):
    return LeadFactory(**{"phone": "212 555 0123", "phone_e164": "+12125550123", "created_at": NOW - DAY, **fields})


def consent_to(lead, *purposes):
    for purpose in purposes:
        ConsentFactory(lead=lead, text__purpose=purpose, created_at=NOW - HOUR)


def book(lead, start=NOW + 4 * HOUR, **fields):
    return OnboardingCallFactory(lead=lead, starts_at=start, **{"created_at": NOW - HOUR, **fields})


def test_an_open_callback_is_leave_to_call_its_number_until_it_is_closed():
    lead = lead_with()
    assert may_call(lead, NOW).reason == "Don’t call: no consent to phone calls."
    callback = CallbackRequestFactory(lead=lead, phone="646 555 0100", phone_e164="+16465550100", created_at=NOW)
    decision = may_call(lead, NOW)
    assert (decision.allowed, decision.basis, decision.phone_e164) == (True, Basis.CALLBACK, "+16465550100")
    assert not may_call(lead, NIGHT).allowed
    type(callback).objects.update(closed_at=NOW, outcome="reached")
    assert not may_call(lead, NOW).allowed


def test_a_booked_call_is_consent_to_that_call_until_it_is_settled():
    lead = lead_with()
    call = book(lead)
    decision = may_call(lead, NOW)
    assert (decision.allowed, decision.basis, decision.phone_e164) == (True, Basis.BOOKED_CALL, "+12125550123")
    assert may_call(lead, call.ends_at).allowed
    assert not may_call(lead, call.ends_at + HOUR).allowed
    for status in ("completed", "no_show", "cancelled"):
        type(call).objects.update(status=status)
        assert not may_call(lead, call.starts_at).allowed


def test_the_time_they_chose_is_theirs_also_at_night_and_no_other_hour_of_the_night():
    lead = lead_with()
    call = book(lead, start=NIGHT)
    assert may_call(lead, NIGHT).allowed
    before = may_call(lead, NIGHT - HOUR / 4)
    assert (before.allowed, before.remedy) == (False, Remedy.WAIT)
    assert call.starts_at == NIGHT


def test_the_time_of_a_call_begins_ten_minutes_before_and_ends_an_hour_after():
    lead, second = lead_with(), dt.timedelta(seconds=1)
    call = book(lead, start=NIGHT)
    begins, ends = call.starts_at - dt.timedelta(minutes=10), call.ends_at + HOUR
    allowed = [may_call(lead, moment).allowed for moment in (begins - second, begins, ends - second, ends)]
    assert allowed == [False, True, True, False]


def test_a_call_is_unsettled_from_the_moment_of_its_start():
    lead = lead_with()
    call = book(lead, start=NOW)
    assert facts_of([lead], NOW)[lead.pk].unsettled == call
    assert facts_of([lead], NOW - dt.timedelta(seconds=1))[lead.pk].unsettled is None


def test_a_number_where_someone_else_answers_is_refused_and_no_other_number():
    lead = lead_with(wrong_number_at=NOW)
    callback = CallbackRequestFactory(lead=lead, phone="212 555 0123", phone_e164="+12125550123", created_at=NOW)
    assert (may_call(lead, NOW).allowed, may_call(lead, NOW).remedy) == (False, Remedy.CORRECT_NUMBER)
    for other in ("+16465550100", "+12125550100"):
        type(callback).objects.update(phone_e164=other)
        assert may_call(lead, NOW).allowed


def test_who_was_erased_is_reached_by_no_way_under_another_name():
    lead = lead_with(email="jo@example.com")
    consent_to(lead, ConsentPurpose.CALLS, ConsentPurpose.TEXTS)
    TrialFactory(lead=lead, requested_at=NOW, started_at=NOW)
    ways = (may_call, may_text, may_email)
    assert [ask(lead, NOW).allowed for ask in ways] == [True] * 3
    assert may_deliver_unsolicited(lead).allowed
    SuppressionFactory(digest=contact_hash(lead.phone_e164))
    assert [ask(lead, NOW).allowed for ask in ways] == [False, False, True]
    assert may_deliver_unsolicited(lead).allowed
    SuppressionFactory(digest=contact_hash(lead.email))
    assert [ask(lead, NOW).allowed for ask in ways] == [False] * 3
    assert not may_deliver_unsolicited(lead).allowed


@pytest.mark.parametrize("stop", [{"unsubscribed_at": NOW}, {"email_failure": COMPLAINT}, {"email_bounced_at": NOW}])
def test_who_stopped_our_mail_is_sent_none_unasked(stop):
    lead = lead_with(**stop)
    TrialFactory(lead=lead, requested_at=NOW, started_at=NOW)
    assert not may_email(lead, NOW).allowed
    assert not may_deliver_unsolicited(lead).allowed


def test_a_booked_call_without_a_number_cannot_be_held():
    lead = lead_with(phone="", phone_e164="")
    book(lead)
    consent_to(lead, ConsentPurpose.TEXTS)
    for ask in (may_call, may_text):
        decision = ask(lead, NOW)
        assert (decision.allowed, decision.reason, decision.remedy) == (
            False,
            "No phone number on file.",
            Remedy.ADD_CONTACT,
        )


def test_whoever_asked_not_to_be_called_is_called_only_about_what_they_ask_for_afterwards(clinic):
    lead = lead_with()
    book(lead)
    consent_to(lead, ConsentPurpose.CALLS)
    revoke_consent(lead, ConsentPurpose.CALLS, **STAFF, now=NOW)
    lead.refresh_from_db()
    assert may_call(lead, NOW).reason == "Don’t call: they asked not to be called."
    callback = CallbackRequestFactory(lead=lead, created_at=NOW + HOUR)
    assert may_call(lead, NOW + HOUR).allowed
    type(callback).objects.update(closed_at=NOW + HOUR, outcome="reached")
    assert not may_call(lead, NOW + HOUR).allowed
    book(lead, created_at=NOW + HOUR)
    assert may_call(lead, NOW + HOUR).basis == Basis.BOOKED_CALL


@pytest.mark.parametrize("later", [dt.timedelta(0), dt.timedelta(minutes=1)])
def test_asking_for_a_callback_anew_opens_that_call_also_at_the_instant_of_the_stop(clinic, later):
    lead = lead_with()
    CallbackRequestFactory(lead=lead, created_at=NOW)
    revoke_consent(lead, ConsentPurpose.CALLS, now=NOW, **STAFF)
    assert not may_call(lead, NOW).allowed
    assert not lead.callbacks.filter(closed_at=None)
    CallbackRequestFactory(lead=lead, phone="646 555 0100", phone_e164="+16465550100", created_at=NOW + later)
    assert may_call(lead, NOW + later).basis == Basis.CALLBACK
    type(lead.callbacks.first()).objects.update(closed_at=NOW, outcome="reached")
    assert may_call(lead, NOW + HOUR).reason == STOPPED  # (the new wish was for one call)


def test_asking_not_to_be_called_holds_without_an_earlier_consent_and_until_they_agree(clinic):
    lead = lead_with()
    book(lead)
    revoke_consent(lead, ConsentPurpose.CALLS, **STAFF, now=NOW)
    assert not may_call(Lead.objects.get(), NOW).allowed
    grant_consent(lead, ConsentPurpose.CALLS, **STAFF, now=NOW + HOUR)
    assert may_call(Lead.objects.get(), NOW + HOUR).allowed


@pytest.mark.parametrize(
    ("zone", "now", "opens"),
    [
        ("Pacific/Honolulu", "2026-11-20 16:21", "2026-11-20 18:00"),  # 6:21 a.m.
        ("America/New_York", "2026-11-21 02:00", "2026-11-21 13:00"),  # 9 p.m.
        ("America/Los_Angeles", "2026-11-01 14:30", "2026-11-01 16:00"),  # the morning after the clocks went back
    ],
)
@pytest.mark.parametrize("ask", [may_call, may_text])
def test_at_night_the_reason_is_their_hour_and_says_when_it_opens(ask, zone, now, opens):
    moment, opens_at = (dt.datetime.fromisoformat(f"{text}+00:00") for text in (now, opens))
    lead = lead_with(time_zone=zone)
    consent_to(lead, ConsentPurpose.CALLS, ConsentPurpose.TEXTS)
    decision = ask(lead, moment)
    assert (decision.allowed, decision.remedy, decision.opens_at) == (False, Remedy.WAIT, opens_at)
    assert "opens at 8:00 AM their time." in decision.reason
    assert ask(lead, opens_at).allowed


def test_texts_need_their_own_consent():
    lead = lead_with()
    consent_to(lead, ConsentPurpose.CALLS)
    assert may_text(lead, NOW).reason == "Don’t text: no consent to texts."
    consent_to(lead, ConsentPurpose.TEXTS)
    assert may_text(lead, NOW).allowed
    lead.phone_e164 = ""
    assert may_text(lead, NOW).reason == "No phone number on file."


def test_texts_somebody_opted_out_of_wait_for_a_later_consent(clinic):
    lead = lead_with(no_texts_at=NOW - HOUR)
    consent_to(lead, ConsentPurpose.TEXTS)
    assert may_text(lead, NOW).reason == "Don’t text: they opted out of texts."
    grant_consent(lead, ConsentPurpose.TEXTS, now=NOW, **STAFF)
    lead.refresh_from_db()
    assert may_text(lead, NOW).allowed


def test_an_address_that_is_unconfirmed_or_does_not_work_is_not_written_to_and_the_remedy_is_named():
    lead = lead_with()
    assert (may_email(lead, NOW).allowed, may_email(lead, NOW).remedy) == (False, None)  # imported: nothing to confirm
    trial = TrialFactory(lead=lead, requested_at=NOW)
    assert may_email(lead, NOW).remedy == Remedy.RESEND_CONFIRMATION
    type(trial).objects.update(started_at=NOW)
    assert may_email(lead, NOW).allowed
    assert may_email(lead, NOW, news=True).remedy == Remedy.RECORD_CONSENT
    lead.email_bounced_at = NOW
    assert may_email(lead, NOW).remedy == Remedy.CORRECT_EMAIL


def test_plan_prefers_their_channel_falls_back_to_an_open_one_and_names_one_act_where_none_is():
    lead = lead_with(preferred_channel=Channel.EMAIL)
    TrialFactory(lead=lead, requested_at=NOW)
    plan = contact_plan(lead, NOW)
    assert (plan.channel, plan.blocked.remedy) == (None, Remedy.RESEND_CONFIRMATION)
    consent_to(lead, ConsentPurpose.CALLS)
    assert contact_plan(lead, NOW).channel == Channel.CALL
    night = contact_plan(lead, NIGHT)
    assert (night.channel, night.blocked.remedy) == (None, Remedy.WAIT)
    lead.trials.update(started_at=NOW)
    assert contact_plan(lead, NOW).channel == Channel.EMAIL


def test_plan_texts_who_prefers_texts_where_that_is_permitted_and_nobody_else(settings):
    settings.TEXT_BACKEND = "clinic.text_backends.TextFileBackend"
    lead = lead_with(preferred_channel=Channel.TEXT)
    TrialFactory(lead=lead, requested_at=NOW - DAY, started_at=NOW - DAY)
    assert contact_plan(lead, NOW).channel == Channel.EMAIL  # no consent to texts
    consent_to(lead, ConsentPurpose.CALLS, ConsentPurpose.TEXTS)
    assert contact_plan(lead, NOW).channel == Channel.TEXT
    assert contact_plan(lead, NIGHT).channel == Channel.EMAIL
    lead.preferred_channel = Channel.CALL
    assert contact_plan(lead, NOW).channel == Channel.CALL
    settings.TEXT_BACKEND = ""
    lead.preferred_channel = Channel.TEXT
    assert contact_plan(lead, NOW).channel == Channel.CALL


@pytest.mark.parametrize("status", ["merged", "erased"])
def test_nobody_gone_is_reached_by_any_way(status):
    lead = lead_with(status=status)
    book(lead)
    assert {ask(lead, NOW).reason for ask in (may_call, may_text, may_email)} == {f"This lead was {status}."}


def test_facts_of_many_cost_as_many_queries_as_of_one():
    def queries(leads):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            facts = facts_of(leads, NOW)
        assert set(facts) == {lead.pk for lead in leads}
        return len(asked)

    people = [lead_with(phone_e164=f"+1212555{number:04}") for number in range(5)]
    for lead in people:
        book(lead)
        CallbackRequestFactory(lead=lead)
    assert queries(people[:1]) == queries(people) == 5


def test_number_of_a_premium_service_is_never_called():
    lead = lead_with(phone_e164="+19005550123")
    CallbackRequestFactory(lead=lead, phone_e164="+19005550123")
    book(lead, start=NOW)
    assert may_call(lead, NOW).remedy == Remedy.ADD_CONTACT


def test_hours_are_decent_wherever_the_state_and_the_area_code_say_that_they_are():
    lead = lead_with()
    CallbackRequestFactory(lead=lead)
    morning = dt.datetime(2026, 11, 30, 13, 5, tzinfo=dt.UTC)  # 8:05 in New York, 3:05 in Honolulu
    assert may_call(lead, morning).allowed
    lead.state = "HI"
    assert not may_call(lead, morning).allowed
    assert may_call(lead, morning + 5 * HOUR).allowed
