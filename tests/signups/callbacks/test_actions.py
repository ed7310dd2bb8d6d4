"""Asking for a call, taking it, calling, and hearing “no”."""

import datetime as dt
import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from clinic import roles
from signups.audit.choices import ActorKind
from signups.audit.models import AuditEvent
from signups.callbacks.actions import (
    CallbackDetails,
    cancel_callback,
    claim_callback,
    close_callback,
    log_attempt,
    reassign_callback,
    release_callback,
    request_callback,
)
from signups.callbacks.choices import CallOutcome, Topic
from signups.callbacks.models import CallAttempt, CallbackRequest
from signups.consents.actions import current_wording, grant_consent, revoke_consent
from signups.consents.choices import CALL_CONSENTS, ConsentChannel, ConsentPurpose
from signups.consents.contact_policy import may_call, may_call_back
from signups.consents.policy import agrees_to
from signups.duplicates import merging
from signups.leads.choices import PartOfDay
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.messages import send_policy
from signups.messages.models import OutboxMessage
from signups.offer import current_offer
from signups.privacy import erasure
from tests.factories import callbacks, consents, leads
from tests.factories import users as factories_users
from tests.signups.calls.scenario_player import together

NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)  # a Friday, 10 a.m. in New York
HOUR = dt.timedelta(hours=1)
WISH = CallbackDetails("(212) 555-0123", "+12125550123", "America/New_York", PartOfDay.ANY, Topic.COST)

pytestmark = pytest.mark.django_db


@pytest.fixture
def open_all_day(clinic):
    clinic.opening_hours = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(7)]
    clinic.save()


@pytest.fixture
def ann(db):
    return factories_users.UserFactory(role=roles.COORDINATOR, first_name="Ann", last_name="Lee")


@pytest.fixture
def bob(db):
    return factories_users.UserFactory(role=roles.COORDINATOR)


def ask(**changed):
    told = {"name": "Jo Miller", "source": "", "form_key": uuid.uuid4(), "now": NOW, **changed}
    request_callback(told.pop("wish", WISH), **told)


def held(by, **fields):
    return callbacks.CallbackRequestFactory(claimed_by=by, claimed_at=NOW, created_at=NOW - HOUR, **fields)


def log(request, outcome, by, *, at=NOW, **more):
    if outcome in ("no_answer", "voicemail", "busy"):
        more.setdefault("next_attempt_at", at + 2 * HOUR)
    more.setdefault("form_key", uuid.uuid4())
    more.setdefault("number", request.attempts.count() + 1)
    log_attempt(request, outcome=CallOutcome(outcome), by=by, now=at, **more)


def verbs(lead):
    return list(lead.events.order_by("id").values_list("action", flat=True))


def test_asking_writes_lead_consent_event_and_request_due_in_business_time(clinic):
    clinic.opening_hours = [{"weekday": day, "start": "09:00", "end": "12:00"} for day in range(5)]
    clinic.save()
    ask(source="leaflet")
    lead = Lead.objects.get()
    assert (lead.name, lead.email, lead.phone_e164, lead.preferred_channel, lead.first_touch_source) == (
        "Jo Miller",
        "",
        "+12125550123",
        "call",
        "leaflet",
    )
    request = lead.callbacks.get()
    assert request.due_at == dt.datetime(2026, 11, 23, 11, 0, tzinfo=ZoneInfo("America/New_York"))
    assert (request.phone, request.topic, request.consent.text.purpose) == ("(212) 555-0123", "cost", "callbacks")
    assert [agrees_to(lead, purpose) for purpose in CALL_CONSENTS] == [False, True]
    assert may_call(lead, NOW).allowed
    assert verbs(lead) == ["consent_granted", "callback_requested"]


def test_nobody_is_promised_a_call_at_night(clinic):
    with pytest.raises(ActionError, match=r"between 8:00 AM and 9:00 PM"):
        ask(wish=CallbackDetails("+81 3 1234 5678", "+81312345678", "Asia/Tokyo", PartOfDay.ANY, Topic.COST))
    assert Lead.objects.count() == 0


def test_same_form_twice_asks_once(open_all_day):
    key = uuid.uuid4()
    for _ in range(2):
        ask(form_key=key)
    assert (Lead.objects.count(), CallbackRequest.objects.count(), AuditEvent.objects.count()) == (1, 1, 2)


def test_known_number_and_name_are_the_same_person(open_all_day):
    for name in ("Jo Miller", "jo miller", "Sam Miller"):
        ask(name=name)
    assert list(Lead.objects.order_by("id").values_list("name", flat=True)) == ["Jo Miller", "Sam Miller"]


def test_asking_again_keeps_the_earlier_promise_and_the_later_wish(open_all_day):
    ask()
    ask(now=NOW + HOUR, wish=CallbackDetails(*[*vars(WISH).values()][:3], PartOfDay.EVENING, Topic.PRIVACY))
    old, new = CallbackRequest.objects.order_by("id")
    assert (old.outcome, new.due_at, new.best_time) == ("asked_again", old.due_at, "evening")


def test_asking_again_after_a_try_begins_anew(open_all_day, ann):
    ask()
    request = CallbackRequest.objects.get()
    claim_callback(request, by=ann, now=NOW)
    log(request, "no_answer", ann)
    ask(now=NOW + HOUR)
    new = CallbackRequest.objects.open().get()
    assert (new.due_at, new.attempts.count()) == (NOW + 5 * HOUR, 0)


def test_cancelling_closes_and_keeps_the_consent(open_all_day):
    ask()
    lead = Lead.objects.get()
    for _ in range(2):
        cancel_callback(lead, now=NOW)
    assert (lead.callbacks.get().outcome, agrees_to(lead, ConsentPurpose.CALLBACKS)) == ("cancelled", True)
    assert not may_call(lead, NOW).allowed  # what they agreed to was this one call
    assert verbs(lead) == ["consent_granted", "callback_requested", "callback_closed"]


def test_claim_is_one_persons(ann, bob):
    request = callbacks.CallbackRequestFactory()
    for _ in range(2):
        claim_callback(request, by=ann, now=NOW)
    with pytest.raises(ActionError, match="Ann Lee has already claimed"):
        claim_callback(request, by=bob, now=NOW)
    with pytest.raises(ActionError, match="Claim this callback first"):
        release_callback(request, by=bob, now=NOW)
    release_callback(request, by=ann, now=NOW)
    claim_callback(request, by=bob, now=NOW)
    assert verbs(request.lead) == ["callback_claimed", "callback_released", "callback_claimed"]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_at_once_exactly_one_wins(clinic):
    users = [factories_users.UserFactory() for _ in range(6)]
    requests = [callbacks.CallbackRequestFactory() for _ in range(5)]

    def claim(job):
        request, user = job
        try:
            claim_callback(request, by=user, now=NOW)
        except ActionError:
            return None
        else:
            return user.pk
        finally:
            connection.close()

    for request in requests:
        with ThreadPoolExecutor(len(users)) as pool:
            won = [pk for pk in pool.map(claim, [(request, user) for user in users]) if pk]
        request.refresh_from_db()
        assert won == [request.claimed_by_id]
        assert verbs(request.lead) == ["callback_claimed"]


def test_head_alone_gives_to_others(ann, bob):
    head = factories_users.UserFactory(role=roles.HEAD)
    request = held(ann)
    with pytest.raises(ActionError, match="Only the Head"):
        reassign_callback(request, to=bob, by=ann, now=NOW)
    with pytest.raises(ActionError, match="can’t take callbacks"):
        reassign_callback(request, to=factories_users.UserFactory(), by=head, now=NOW)
    reassign_callback(request, to=bob, by=head, now=NOW + HOUR)
    request.refresh_from_db()
    assert (request.claimed_by, request.claimed_at) == (bob, NOW + HOUR)
    assert request.lead.events.get().detail == {"holder": bob.pk}


@pytest.mark.parametrize("outcome", ["no_answer", "voicemail", "busy"])
def test_what_settles_nothing_goes_back_to_the_queue_for_its_next_time(ann, outcome):
    request = held(ann)
    log(request, outcome, ann, next_attempt_at=NOW + 3 * HOUR)
    waiting = CallbackRequest.objects.open().get()
    assert (waiting.call_at, waiting.claimed_by, waiting.claimed_at) == (NOW + 3 * HOUR, None, None)
    assert request.lead.events.get().detail == {"number": 1, "outcome": outcome}


@pytest.mark.parametrize("next_at", [None, NOW, NOW - HOUR, NOW + 15 * HOUR])
def test_next_time_is_to_come_and_by_day(ann, next_at):
    request = held(ann)
    with pytest.raises(ActionError, match=r"future time|between 8:00 AM"):
        log(request, "busy", ann, next_attempt_at=next_at)
    assert (CallAttempt.objects.count(), AuditEvent.objects.count()) == (0, 0)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Pacific/Honolulu"])
def test_attempt_at_night_where_they_are_is_refused(ann, zone):
    request = held(ann, time_zone=zone)
    with pytest.raises(ActionError, match="no call can be logged"):
        log(request, "reached", ann)
    assert CallAttempt.objects.count() == 0


def test_hours_are_those_of_every_zone_that_they_may_be_in(ann):
    """Who said New York and lives in California: at 10 in New York it is 7 there."""
    request = held(ann, lead__state="CA")
    assert not may_call_back(request, NOW).allowed
    with pytest.raises(ActionError, match="no call can be logged"):
        log(request, "reached", ann)
    noon = NOW + 2 * HOUR
    CallbackRequest.objects.filter(pk=request.pk).update(claimed_at=noon)
    with pytest.raises(ActionError, match="Choose a time between"):
        log(request, "busy", ann, at=noon, next_attempt_at=NOW + 24 * HOUR)
    log(request, "busy", ann, at=noon, next_attempt_at=NOW + 26 * HOUR)
    assert CallAttempt.objects.count() == 1


@pytest.mark.parametrize(("outcome", "closed"), [("reached", "connected"), ("declined", "not interested")])
def test_settled_attempt_closes(ann, outcome, closed):
    request = held(ann)
    log(request, outcome, ann)
    request.refresh_from_db()
    assert (request.closed_at, request.outcome, OutboxMessage.objects.count()) == (NOW, outcome, 0)
    with pytest.raises(ActionError, match=f"This callback is closed: {closed}"):
        claim_callback(request, by=ann, now=NOW)


def test_reached_lead_counts_as_contacted(ann):
    request = held(ann)
    log(request, "reached", ann)
    request.lead.refresh_from_db()
    assert request.lead.status == "contacted"


def test_third_try_without_reach_is_unreachable_with_an_email(clinic, ann):
    request = held(ann, lead__email="jo@example.com")
    for number in range(3):
        at = NOW + dt.timedelta(days=number)
        claim_callback(request, by=ann, now=at)
        log(request, "voicemail", ann, at=at)
    request.refresh_from_db()
    assert (request.outcome, request.closed_at) == ("unreachable", NOW + dt.timedelta(days=2))
    message = OutboxMessage.objects.get()
    assert (message.kind, message.to, message.subject) == (
        "callback_unreachable",
        "jo@example.com",
        "We could not reach you by phone",
    )
    assert "/callback/" in message.text
    assert send_policy.why_not_send(message, NOW) == ""
    callbacks.CallbackRequestFactory(lead=request.lead)
    assert send_policy.why_not_send(message, NOW) != ""


def test_wrong_number_closes_with_an_email_where_there_is_an_address(clinic, ann):
    for lead in (
        leads.LeadFactory(),
        leads.LeadFactory(email="", phone="212 555 0123", phone_e164="+12125550123"),
    ):
        log(held(ann, lead=lead), "wrong_number", ann)
        assert lead.callbacks.get().outcome == "wrong_number"
    assert [message.kind for message in OutboxMessage.objects.all()] == ["callback_unreachable"]


@pytest.mark.parametrize("at", [NOW, NOW + 12 * HOUR])
def test_do_not_call_takes_back_every_such_consent_and_closes_at_any_hour(clinic, ann, at):
    request = held(ann)
    for purpose in (*CALL_CONSENTS, ConsentPurpose.TEXTS):
        grant_consent(request.lead, purpose, channel=ConsentChannel.WEB, by=ActorKind.PATIENT, now=NOW - HOUR)
    log(request, "do_not_call", ann, at=at)
    request.refresh_from_db()
    assert (request.outcome, request.closed_at) == ("do_not_call", at)
    assert [agrees_to(request.lead, purpose) for purpose in (*CALL_CONSENTS, ConsentPurpose.TEXTS)] == [
        False,
        False,
        False,
    ]


def test_taking_the_consent_back_anywhere_takes_the_callback_off_the_list(open_all_day):
    ask()
    lead = Lead.objects.get()
    revoke_consent(lead, ConsentPurpose.CALLS, channel=ConsentChannel.PAGE, by=ActorKind.PATIENT, now=NOW + HOUR)
    assert (CallbackRequest.objects.open().count(), lead.callbacks.get().outcome) == (0, "do_not_call")


def test_what_was_agreed_to_are_the_words_of_that_day_about_that_request(clinic, open_all_day):
    ask()
    text = Lead.objects.get().callbacks.get().consent.text
    words = current_offer().documents[ConsentPurpose.CALLBACKS]
    assert (text.version, text.text) == (words.version, words.text)
    assert text.sha256 == hashlib.sha256(f"callbacks\n{words.version}\n{words.text}".encode()).hexdigest()


def test_who_said_no_to_calls_and_asked_for_one_since_keeps_it_through_a_merge(clinic, open_all_day):
    head = factories_users.UserFactory(role=roles.HEAD)
    ask()
    lead = Lead.objects.get()
    for purpose, at in ((ConsentPurpose.CALLS, NOW - 2 * HOUR), (ConsentPurpose.CALLBACKS, NOW)):
        grant_consent(lead, purpose, channel=ConsentChannel.WEB, by=ActorKind.PATIENT, now=at)
    consents.ConsentFactory(lead=lead, text=current_wording(ConsentPurpose.CALLS), granted=False, created_at=NOW - HOUR)
    merging.merge_leads(lead=lead, other=leads.LeadFactory(), from_other=set(), by=head, now=NOW)
    assert CallbackRequest.objects.open().count() == 1


def test_erased_person_is_not_in_the_queue(open_all_day):
    ask()
    erasure.erase_lead(Lead.objects.get(), by=ActorKind.PATIENT, now=NOW)
    request = CallbackRequest.objects.get()
    assert (request.phone, request.phone_e164, CallbackRequest.objects.open().count()) == ("", "", 0)


def test_outcome_sent_twice_is_logged_once(ann):
    request, key = held(ann), uuid.uuid4()
    for _ in range(2):
        log(request, "no_answer", ann, form_key=key)
    assert CallAttempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_identical_outcomes_at_once_are_one_attempt(clinic):
    ann = factories_users.UserFactory()
    request, key = held(ann), uuid.uuid4()

    def press(_):
        try:
            log(request, "no_answer", ann, form_key=key)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(press, range(8)))
    assert (CallAttempt.objects.count(), AuditEvent.objects.count()) == (1, 1)


@pytest.mark.parametrize("outcome", ["reached", "no_answer"])
def test_logging_takes_what_nobody_holds(ann, outcome):
    request = callbacks.CallbackRequestFactory()
    log(request, outcome, ann)
    attempt = CallAttempt.objects.get()
    assert (attempt.number, attempt.attempted_by, attempt.outcome) == (1, ann, outcome)
    told = request.lead.events.order_by("id").values_list("action", "actor")[:2]
    assert list(told) == [("callback_claimed", ann.pk), ("call_attempted", ann.pk)]


def test_outcome_that_is_refused_takes_nothing(ann):
    request = callbacks.CallbackRequestFactory(time_zone="Asia/Tokyo")
    with pytest.raises(ActionError, match="no call can be logged"):
        log(request, "reached", ann)
    request.refresh_from_db()
    assert (request.claimed_by, verbs(request.lead)) == (None, [])


@pytest.mark.parametrize("number", [1, 3])
def test_who_looked_before_somebody_else_called_is_told_to_look_again(ann, bob, number):
    request = callbacks.CallbackRequestFactory()
    log(request, "no_answer", ann)
    with pytest.raises(ActionError, match="Someone else called"):
        log(request, "no_answer", bob, number=number)
    assert (CallAttempt.objects.get().attempted_by, verbs(request.lead)) == (
        ann,
        ["callback_claimed", "call_attempted"],
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("outcome", ["reached", "no_answer"])
def test_of_many_who_log_what_nobody_holds_one_wins_and_the_others_are_told(clinic, outcome):
    users = [factories_users.UserFactory(role=roles.COORDINATOR) for _ in range(6)]
    request = callbacks.CallbackRequestFactory()

    def log_first(user):
        def deed():
            try:
                log(request, outcome, user, number=1)
            except ActionError as why:
                return str(why)
            return user.pk

        return deed

    answers = together(*(log_first(user) for user in users))
    attempt = CallAttempt.objects.get()
    lost = {"reached": "This callback is closed: connected.", "no_answer": "Someone else called"}[outcome]
    assert [answer for answer in answers if not str(answer).startswith(lost)] == [attempt.attempted_by_id]
    assert verbs(request.lead)[:2] == ["callback_claimed", "call_attempted"]
    assert verbs(request.lead).count("callback_claimed") == 1


def test_only_who_holds_it_logs_or_closes(ann, bob):
    request = held(ann)
    with pytest.raises(ActionError, match="Ann Lee has already claimed"):
        log(request, "reached", bob)
    with pytest.raises(ActionError, match="Claim this callback first"):
        close_callback(request, by=bob, now=NOW)
    close_callback(request, by=ann, now=NOW)
    request.refresh_from_db()
    assert request.outcome == "not_needed"
