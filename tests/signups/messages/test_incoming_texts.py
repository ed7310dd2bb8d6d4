"""Texts that people send: STOP is obeyed at once, and everything else reaches staff."""

import datetime as dt

import pytest
from twilio.request_validator import RequestValidator

from signups.audit.choices import ActorKind, AuditAction
from signups.consents.actions import grant_consent, permit_texts_again
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.contact_policy import permits_texts
from signups.consents.models import Consent
from signups.leads import contact_details
from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.inbound_models import InboundMessage
from signups.messages.models import OutboxMessage
from tests import text_provider
from tests.factories.leads import LeadFactory
from tests.signups.conftest import NOW
from tests.signups.messages.test_texts import NUMBER, clock, provider, sent_texts, state, text, texting_lead

__all__ = ["provider"]

pytestmark = pytest.mark.django_db


SENT_STOP = "Don’t text: this number sent STOP. To get texts again, they can text START."
NO_CONSENT = "Don’t text: no consent to texts."
NO_TEXTS = "This number can’t receive texts."


def why_not(lead):
    return permits_texts(Lead.objects.get(pk=lead.pk)).reason


@pytest.fixture
def texted(clinic, client, settings, provider, time_machine):
    """Posts what the provider posts when a text comes in, signed as it signs."""
    time_machine.move_to(NOW, tick=False)
    count = iter(range(1000))

    def post(body, number=NUMBER, *, path="/webhooks/texts/", token=text_provider.TOKEN, **fields):
        form = {
            "MessageSid": f"SM{next(count):032}",
            "From": number,
            "To": text_provider.SENDER,
            "Body": body,
            **fields,
        }
        signature = RequestValidator(token).compute_signature(settings.SITE_URL + path, form)
        return client.post(path, form, headers={"X-Twilio-Signature": signature})

    return post


@pytest.mark.parametrize(
    "body",
    [
        *("STOP", "stop", " Stop. ", "STOPALL", "Unsubscribe", "CANCEL", "End", "quit", "Revoke", "OPT OUT", "opt-out"),
        *("Stop please", "Please stop texting me", "stop all texts", "Don’t text me again", "do not message me"),
        *("take me off your list", "no more texts!!", "please remove my number", "“Stop”"),
    ],
)
def test_stop_is_obeyed_at_once_and_confirmed_once(texted, provider, body):
    lead = texting_lead()
    waiting = text(lead)
    assert texted(body).status_code == 200
    lead.refresh_from_db()
    assert why_not(lead) == NO_CONSENT
    assert lead.preferred_channel == "email"
    revoked = Consent.objects.first()
    assert (revoked.granted, revoked.channel, revoked.created_at) == (False, "text", NOW)
    texted(body)
    (confirmed,) = sent_texts(provider, NOW)
    assert confirmed == (
        "Harbor Clinic: You will get no more texts from us. Emails and calls are not affected."
        " Reply START to get texts again."
    )
    assert state(waiting)[0] == "cancelled"


@pytest.mark.parametrize(
    "body", ["When do you stop taking calls?", "I cannot make it, cancel my call", "Until the end?", "quit smoking?"]
)
def test_sentence_with_such_a_word_stops_nothing_and_waits_for_staff(texted, body):
    lead = texting_lead()
    texted(body)
    assert why_not(lead) == ""
    message = InboundMessage.objects.unhandled().get()
    assert (message.lead, message.text, message.request) == (lead, body, "")


def test_stop_in_own_words_is_also_read_by_staff_and_a_bare_keyword_is_not(texted):
    lead = texting_lead()
    texted("STOP")
    assert not InboundMessage.objects.unhandled().exists()
    texted("Please stop texting me, my trial is over")
    assert InboundMessage.objects.unhandled().get().request == "stop"
    assert lead.events.filter(action=AuditAction.REPLIED).count() == 2


def test_stop_comes_at_any_hour_and_is_confirmed_at_that_hour(texted, provider, time_machine):
    night = dt.datetime(2026, 11, 21, 6, tzinfo=dt.UTC)  # 1 a.m. in New York
    time_machine.move_to(night, tick=False)
    texting_lead()
    texted("STOP")
    assert len(sent_texts(provider, night)) == 1


def test_stop_speaks_for_everybody_with_the_number(texted):
    leads = [texting_lead(), texting_lead()]
    texted("STOP")
    assert all(why_not(lead) for lead in leads)


@pytest.mark.parametrize("known", [False, True], ids=["unknown number", "lead without consent"])
def test_stop_of_who_never_agreed_holds_for_whoever_gets_the_number_later(texted, known):
    """Also after they tick texts on a form, which proves no number; START of the number itself lifts it."""
    if known:
        LeadFactory(phone_e164=NUMBER)
    assert texted("STOP").status_code == 200
    texted("stop please")
    lead = texting_lead()
    assert why_not(lead) == SENT_STOP
    permit_texts_again(lead)  # as a confirmed sign-up does
    assert why_not(lead) == SENT_STOP
    texted("START")
    assert why_not(lead) == ""


def test_consent_on_the_private_page_after_a_stop_lifts_it(texted):
    texted("STOP")
    lead = texting_lead()
    grant_consent(
        lead, ConsentPurpose.TEXTS, channel=ConsentChannel.PAGE, by=ActorKind.PATIENT, now=NOW + dt.timedelta(hours=1)
    )
    assert why_not(lead) == ""


def test_start_brings_back_what_stop_ended(texted, provider):
    lead = texting_lead()
    texted("STOP")
    texted("START")
    lead.refresh_from_db()
    assert (why_not(lead), lead.preferred_channel) == ("", "text")
    assert "You will get texts about your calls and requests." in sent_texts(provider, NOW)[-1]


def test_start_of_who_never_agreed_is_no_consent(texted, provider):
    lead = LeadFactory(phone_e164=NUMBER, preferred_channel="text")
    texted("START")
    assert why_not(lead) == NO_CONSENT
    assert sent_texts(provider, NOW) == []


def test_help_is_answered_also_without_consent_and_never_endlessly(texted, provider):
    LeadFactory(phone_e164=NUMBER)
    for _ in range(6):
        texted("HELP")
    answers = sent_texts(provider, NOW)
    assert len(answers) == 3
    assert answers[0].startswith("Harbor Clinic: Questions? Call ")


def test_help_of_an_unknown_number_is_answered_in_the_response(texted):
    assert "<Message>Harbor Clinic: Call " in texted("help").content.decode()
    assert "<Message>" not in texted("hello").content.decode()


def test_carrier_that_has_answered_is_not_repeated(texted, provider):
    lead = texting_lead()
    texted("STOP", OptOutType="STOP")
    assert why_not(lead) != ""
    assert sent_texts(provider, NOW) == []


def test_carrier_that_knows_of_a_stop_before_us_ends_our_consent(clinic, provider):
    lead = texting_lead()
    message = text(lead)
    provider.answer = lambda form: text_provider.refused(400, 21610)
    delivery.deliver_due(clock())
    assert (state(message)[0], why_not(lead)) == (
        "failed",
        NO_CONSENT,
    )
    assert not Lead.objects.filter(texts_failed_at__isnull=False).exists()


def test_replayed_text_is_stored_once_and_stops_nothing_anew(texted, provider):
    lead = texting_lead()
    texted("STOP", MessageSid="SM1")
    texted("START")
    texted("STOP", MessageSid="SM1")
    assert why_not(lead) == ""
    assert InboundMessage.objects.count() == 2


@pytest.mark.parametrize("path", ["/webhooks/texts/", "/webhooks/texts/status/5f0c7127-3be9-4488-b801-c7b6415b45e9/"])
def test_forged_request_changes_nothing_and_is_limited(texted, client, path):
    lead = texting_lead()
    assert client.post(path, {"MessageSid": "SM1", "From": NUMBER, "Body": "STOP"}).status_code == 403
    answers = [texted("STOP", token="guessed", path=path).status_code for _ in range(60)]
    assert (set(answers[:59]), answers[59]) == ({403}, 429)
    assert (why_not(lead), InboundMessage.objects.count()) == ("", 0)


def test_clinic_without_a_provider_has_no_such_address(clinic, client, settings):
    settings.TWILIO_AUTH_TOKEN = ""
    assert client.post("/webhooks/texts/", {}).status_code == 404


def test_request_to_delete_their_data_is_a_task_for_staff(texted):
    lead = texting_lead()
    texted("Please delete all my data")
    message = InboundMessage.objects.unhandled().get()
    assert (message.lead, message.request) == (lead, "erase")


def test_text_of_an_unknown_number_is_kept_for_staff(texted):
    texted("Hi, it is Jo", number="+13105550123")
    message = InboundMessage.objects.unhandled().get()
    assert (message.lead, message.sender, message.text) == (None, "+13105550123", "Hi, it is Jo")


def test_household_is_told_apart_by_whom_we_texted_last(texted):
    other, lead = texting_lead(), texting_lead()
    text(other, created_at=NOW - dt.timedelta(hours=1))
    last = text(lead)
    texted("Thank you")
    message = InboundMessage.objects.get()
    assert (message.lead, message.in_reply_to) == (lead, last)


def report(texted, message, status, **fields):
    return texted("", path=f"/webhooks/texts/status/{message.pk}/", MessageStatus=status, **fields).status_code


def test_delivery_report_is_noted(texted, provider):
    message = text()
    sent_texts(provider, NOW)
    assert report(texted, message, "delivered") == 204
    message.refresh_from_db()
    assert (message.status, message.delivered_at) == ("sent", NOW)


@pytest.mark.parametrize("early", [False, True], ids=["after the answer", "before the answer"])
def test_number_that_takes_no_texts_is_marked_and_left_alone(texted, provider, early):
    lead = texting_lead()
    message = text(lead)
    if not early:
        sent_texts(provider, NOW)
    for _ in range(2):
        assert report(texted, message, "undelivered", ErrorCode="30006") == 204
    if early:  # the report overtakes the answer to the attempt, which was under way
        Lead.objects.update(texts_failed_at=None)
        sent_texts(provider, NOW)
    message.refresh_from_db()
    assert (message.status, message.last_error) == ("returned", "not delivered 30006")
    assert lead.events.filter(action=AuditAction.ADDRESS_FAILED).count() == 1
    if not early:
        assert why_not(lead) == NO_TEXTS


def test_phone_that_was_off_is_no_dead_number(texted, provider):
    message = text()
    sent_texts(provider, NOW)
    report(texted, message, "undelivered", ErrorCode="30003")
    assert (state(message)[0], why_not(message.lead)) == ("returned", "")


def test_landline_refused_at_once_is_marked(clinic, provider):
    lead = texting_lead()
    text(lead)
    provider.answer = lambda form: text_provider.refused(400, 21614)
    delivery.deliver_due(clock())
    assert why_not(lead) == NO_TEXTS


def test_report_of_an_unknown_text_changes_nothing(texted):
    message = OutboxMessage(pk="5f0c7127-3be9-4488-b801-c7b6415b45e9")
    assert report(texted, message, "undelivered", ErrorCode="30006") == 204
    assert not Lead.objects.filter(texts_failed_at__isnull=False).exists()


def test_corrected_number_is_free_of_the_old_ones_mark(clinic):
    lead = texting_lead(texts_failed_at=NOW)
    assert why_not(lead) == NO_TEXTS
    contact_details.update_contact_details(lead, by=ActorKind.PATIENT, now=NOW, phone_e164="+12125550199")
    assert why_not(Lead.objects.get(pk=lead.pk)) == ""
