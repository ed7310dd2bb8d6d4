"""Nobody learns from an answer, nor from how long it takes, whether somebody is with us."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.callbacks.models import CallbackRequest
from signups.consents.actions import revoke_consent
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.duplicates.merging import merge_leads
from signups.leads.choices import LeadStatus
from signups.messages.models import OutboxMessage
from signups.privacy.erasure import erase_lead
from tests.factories.callbacks import CallAttemptFactory, CallbackRequestFactory
from tests.factories.leads import LeadFactory
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/start/", "/start/elsewhere/", "/lost-link/"])
def test_answers_are_the_same_to_the_byte(send, lead, client, path):
    known = send(path, email=lead.email)
    new = send(path, email="new@example.com")
    for response in (known, new):
        assert (response.status_code, response.content, response.cookies) == (303, b"", {})
    assert known.headers == new.headers
    assert client.get(known["Location"]).content == client.get(new["Location"]).content


def work(send, path, **changed):
    """How many queries an answer took, and how many messages it wrote."""
    before = OutboxMessage.objects.count()
    with CaptureQueriesContext(connection) as queries:
        assert send(path, **changed).status_code == 303
    return len(queries), OutboxMessage.objects.count() - before


def test_lost_link_of_somebody_known_unknown_or_asked_for_too_often_is_the_same_work(send, lead):
    """This form leaves no trace of who was asked about, so it can be asked again and again, and measured."""
    work(send, "/lost-link/", email=lead.email)  # what a process reads once is read
    known = [work(send, "/lost-link/", email=lead.email) for _ in range(3)]
    assert [messages for _, messages in known] == [1, 1, 0]
    unknown, messages = work(send, "/lost-link/", email="new@example.com")
    assert messages == 0
    undoing = 1  # ROLLBACK TO SAVEPOINT
    assert [queries for queries, _ in known] == [unknown - undoing, unknown - undoing, unknown]


def test_signing_up_known_or_new_writes_one_event_and_one_message(send, lead):
    """Each new address can be tried once, since it is known from then on: nobody can average over many tries."""
    work(send, "/start/", email="first@example.com")
    called = TrialFactory(requested_at=NOW, started_at=NOW, lead__status=LeadStatus.CONTACTED).lead
    known, worked, new = (work(send, "/start/", email=email) for email in (lead.email, called.email, "new@example.com"))
    assert (known[1], worked[1], new[1]) == (1, 1, 1)
    assert known[0] == worked[0] == new[0]


def pending(email):
    return TrialFactory(requested_at=NOW, lead__email=email, lead__email_key=email).lead


def started(email):
    return TrialFactory(requested_at=NOW, started_at=NOW, lead__email=email, lead__email_key=email).lead


def cancelled(email):
    when = {"requested_at": NOW, "started_at": NOW, "cancelled_at": NOW + dt.timedelta(minutes=1)}
    return TrialFactory(**when, lead__email=email, lead__email_key=email).lead


def imported(email):
    lead = LeadFactory(email=email, email_key=email)
    record_event(lead, AuditAction.IMPORTED, by=ActorKind.SYSTEM, now=NOW)
    return lead


def erased(email):
    erase_lead(started(email), by=ActorKind.PATIENT, now=NOW)


def merged(email):
    head = UserFactory(is_superuser=True)
    survivor = started(f"survivor.of.{email}")
    merge_leads(lead=survivor, other=imported(email), from_other=set(), by=head, now=NOW)


def of_another_spelling(email):
    TrialFactory(requested_at=NOW, started_at=NOW, lead__email=email.upper(), lead__email_key=email)


KNOWN = [pending, started, cancelled, imported, erased, merged, of_another_spelling]
# Queries between any two of them. A sign-up can be measured once only: its address is known, and waits, from then on.
ALLOWED = {"/start/": 11, "/start/elsewhere/": 2, "/lost-link/": 2}


@pytest.mark.parametrize("path", ["/start/", "/start/elsewhere/", "/lost-link/"])
def test_whatever_is_known_of_an_address_the_answer_and_the_work_are_those_of_a_new_one(send, clinic, path):
    """To the byte, with as many messages to anybody else (none), and nearly as many queries."""
    work(send, path, email="first@example.com")
    answers, queries = {}, {}
    for number, make in enumerate([None, *KNOWN]):
        email = f"person{number}@example.com"
        if make:
            make(email)
        OutboxMessage.objects.all().delete()
        with CaptureQueriesContext(connection) as found:
            response = send(path, email=email)
        name = make.__name__ if make else "new"
        headers = sorted(response.headers.items())
        answers[name] = (response.status_code, response.content, headers, response.cookies.output())
        queries[name] = len(found)
        assert not OutboxMessage.objects.exclude(to__iexact=email).exists(), name
        assert OutboxMessage.objects.count() <= 1, name
    assert answers == dict.fromkeys(answers, answers["new"])
    spread = max(queries.values()) - min(queries.values())
    assert spread <= ALLOWED[path], queries


def called(number, name="Jo Miller"):
    e164 = "+1" + "".join(filter(str.isdigit, number))
    return LeadFactory(name=name, phone=number, phone_e164=e164)


def waits_for_a_call(number):
    lead = called(number)
    CallbackRequestFactory(lead=lead, phone=lead.phone, phone_e164=lead.phone_e164, created_at=NOW)


def waits_and_was_called(number):
    waits_for_a_call(number)
    CallAttemptFactory(request=CallbackRequest.objects.latest("pk"))


def refused(number):
    when = NOW - dt.timedelta(days=40)
    lead = called(number)
    revoke_consent(lead, ConsentPurpose.CALLS, channel=ConsentChannel.PHONE, by=ActorKind.PATIENT, now=when)


def suppressed(number):
    erase_lead(called(number), by=ActorKind.PATIENT, now=NOW)


def of_a_household(number):
    for name in ("Ann Miller", "Bob Miller", "Jo Miller"):
        called(number, name)


def in_a_trial(number):
    TrialFactory(requested_at=NOW, started_at=NOW, lead=called(number))


NUMBERS = [called, waits_for_a_call, waits_and_was_called, refused, suppressed, of_a_household, in_a_trial]


def test_whatever_is_known_of_a_number_the_answer_and_the_work_are_those_of_a_new_one(send, clinic):
    """The answer holds the promised time, signed: the same moment gives the same bytes."""
    work(send, "/callback/", phone="(212) 555-0100")
    answers, queries = {}, {}
    for number, make in enumerate([None, *NUMBERS]):
        phone = f"(212) 555-01{number + 10}"
        if make:
            make(phone)
        with CaptureQueriesContext(connection) as found:
            response = send("/callback/", phone=phone)
        name = make.__name__ if make else "new"
        answers[name] = (response.status_code, response.content, sorted(response.headers.items()))
        queries[name] = len(found)
    assert answers == dict.fromkeys(answers, answers["new"])
    assert max(queries.values()) - min(queries.values()) <= 2, queries
