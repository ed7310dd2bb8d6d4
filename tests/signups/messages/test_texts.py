"""Texts go through the same outbox as mail, to who chose them, by day."""

import base64
import datetime as dt
import logging
import re
import signal
import threading
import uuid

import pytest
from django.utils import timezone

from clinic import roles
from clinic.lib.text_messages import count_segments, find_health_word
from signups.audit.choices import ActorKind
from signups.callbacks.actions import log_attempt
from signups.callbacks.choices import CallOutcome
from signups.callbacks.models import MAX_CALL_ATTEMPTS
from signups.calls.actions import book_call, cancel_call, reschedule_call
from signups.consents.actions import revoke_consent, unsubscribe
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.suppression_models import Suppression, contact_hash
from signups.leads import contact_details
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages import delivery, incoming, kinds, outbox
from signups.messages.models import OutboxMessage
from tests import processes, text_provider
from tests.factories.callbacks import CallAttemptFactory, CallbackRequestFactory
from tests.factories.consents import ConsentFactory, ConsentTextFactory
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.messages import OutboxMessageFactory
from tests.factories.trials import TrialFactory
from tests.factories.users import UserFactory
from tests.services import WAIT_TIMEOUT
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
NUMBER = "+12125550123"
BACK = {"channel": ConsentChannel.PAGE, "by": ActorKind.PATIENT}


def clock(at=NOW):
    return lambda: at


def texting_lead(**fields):
    lead = LeadFactory(**{"preferred_channel": "text", "phone": "212 555 0123", "phone_e164": NUMBER, **fields})
    ConsentFactory(lead=lead, text=ConsentTextFactory(purpose=ConsentPurpose.TEXTS), created_at=NOW)
    return lead


def text(lead=None, **fields):
    lead = lead or texting_lead()
    kept = {"kind": "call_cancelled", "channel": "text", "to": lead.phone_e164, "html": "", "created_at": NOW}
    return OutboxMessageFactory(lead=lead, **(kept | fields))


def state(message):
    message.refresh_from_db()
    return message.status, message.attempts, message.last_error


@pytest.fixture
def provider(settings):
    """Texts go to a server on this machine that speaks Twilio's form."""
    with text_provider.running() as running:
        settings.TEXT_BACKEND = "clinic.text_backends.TwilioBackend"
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = text_provider.ACCOUNT, text_provider.TOKEN
        settings.TWILIO_SENDER, settings.TWILIO_API_URL = text_provider.SENDER, running.url
        yield running


@pytest.fixture
def host(clinic):
    host = HostFactory()
    for weekday in range(7):
        AvailabilityRuleFactory(host=host, weekday=weekday, start=0, end=1440)
    return host


def sent_texts(provider, at):
    """The texts that have gone out once the worker looked at `at`."""
    while delivery.deliver_due(clock(at)):
        pass
    return [form["Body"] for form in provider.texts]


def test_text_goes_out_as_the_provider_asks_for_it(clinic, provider, settings):
    message = text(text="Harbor Clinic: a text.")
    assert delivery.deliver_due(clock()) == 1
    status = f"{settings.SITE_URL}/webhooks/texts/status/{message.pk}/"
    expected = {"To": NUMBER, "Body": "Harbor Clinic: a text.", "From": text_provider.SENDER, "StatusCallback": status}
    assert provider.texts == [expected]
    login = base64.b64encode(f"{text_provider.ACCOUNT}:{text_provider.TOKEN}".encode()).decode()
    assert provider.authorizations == {f"Basic {login}"}
    assert state(message) == ("sent", 1, "")


def test_messaging_service_is_named_as_such(clinic, provider, settings):
    settings.TWILIO_SENDER = "MG" + "2" * 32
    text()
    delivery.deliver_due(clock())
    assert "From" not in provider.texts[0]
    assert provider.texts[0]["MessagingServiceSid"] == settings.TWILIO_SENDER


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (500, 20500, ("pending", 1, "TextRefused 20500")),
        (429, 20429, ("pending", 1, "TextRefused 20429")),
        (401, 20003, ("pending", 1, "TextRefused 20003")),  # the operator can mend the credentials
        (400, 21614, ("failed", 1, "TextRefused 21614")),  # a landline
        (400, 21617, ("failed", 1, "TextRefused 21617")),
    ],
)
def test_what_the_provider_refuses_for_good_is_given_up_and_the_rest_tried_again(
    clinic, provider, caplog, status, code, outcome
):
    message = text()
    provider.answer = lambda form: text_provider.refused(status, code)
    with caplog.at_level(logging.DEBUG, logger="signups"):
        delivery.deliver_due(clock())
    assert state(message) == outcome
    assert "5550001111" not in caplog.text + message.last_error
    provider.answer = text_provider.accepted
    delivery.deliver_due(clock(NOW + HOUR))
    assert state(message)[0] == ("sent" if outcome[0] == "pending" else "failed")


def test_provider_that_answers_errors_for_an_hour_loses_nothing_and_keeps_no_mail_back(clinic, provider, mail_server):
    message = text()
    provider.answer = lambda form: text_provider.refused(503, 20503)
    for minute in range(60):
        delivery.deliver_due(clock(NOW + dt.timedelta(minutes=minute)))
    mail = OutboxMessageFactory(created_at=NOW)
    delivery.deliver_due(clock(NOW + HOUR))
    assert (state(mail)[0], state(message)[0]) == ("sent", "pending")
    provider.answer = text_provider.accepted
    delivery.deliver_due(clock(NOW + 2 * HOUR))
    assert (state(message)[0], len(provider.texts)) == ("sent", 1)


def test_absent_provider_costs_an_attempt(clinic, provider, settings):
    message = text()
    settings.TWILIO_API_URL = f"http://127.0.0.1:{processes.free_port()}"
    delivery.deliver_due(clock())
    assert state(message) == ("pending", 1, "ConnectionError")


def test_text_waits_for_the_hours_in_which_they_may_be_called(clinic, provider):
    message = text(texting_lead(time_zone="America/Los_Angeles"))  # where it is 7 a.m.
    assert sent_texts(provider, NOW) == []
    assert sent_texts(provider, NOW + HOUR - dt.timedelta(minutes=1)) == []
    assert len(sent_texts(provider, NOW + HOUR)) == 1
    assert state(message)[:2] == ("sent", 1)


def test_what_was_written_is_not_sent_once_it_may_not_be(clinic, provider):
    lead = texting_lead()
    message = text(lead)
    revoke_consent(lead, ConsentPurpose.TEXTS, now=NOW, **BACK)
    assert (sent_texts(provider, NOW), state(message)[0]) == ([], "cancelled")


def test_what_waits_goes_to_the_number_of_today_but_an_answer_to_the_number_that_asked(clinic, provider):
    lead = texting_lead()
    message, answer = text(lead), text(lead, kind="texts_help")
    details = {"by": ActorKind.PATIENT, "now": NOW, "phone": "212 555 0199", "phone_e164": "+12125550199"}
    contact_details.update_contact_details(lead, **details)
    sent_texts(provider, NOW)
    assert {form["To"] for form in provider.texts} == {"+12125550199"}
    assert (state(message)[0], state(answer)[0]) == ("sent", "cancelled")


def test_booking_is_told_by_text_and_mail_to_who_chose_texts(host, provider, mailoutbox):
    lead, start = texting_lead(), NOW + 3 * DAY
    call = book_call(lead=lead, start=start, host=host, by=ActorKind.PATIENT, now=NOW)
    (booked,) = sent_texts(provider, NOW)
    assert booked.startswith("Harbor Clinic: Your free call is booked for Mon, Nov 23, 10:00 AM Eastern Time. Reply")
    assert [mail.subject for mail in mailoutbox if lead.email in mail.to] != []
    assert len(sent_texts(provider, start - DAY)) == 2
    assert "we will call you at Mon, Nov 23, 10:00 AM" in sent_texts(provider, start - HOUR)[-1]
    reschedule_call(call=call, start=start + DAY, by=ActorKind.PATIENT, now=start - HOUR)
    assert "has changed. We will call you Tue, Nov 24" in sent_texts(provider, start - HOUR)[-1]
    cancel_call(call=call, by=ActorKind.PATIENT, now=start - HOUR)
    assert "Tue, Nov 24, 10:00 AM Eastern Time has been canceled" in sent_texts(provider, start - HOUR)[-1]
    assert {count_segments(form["Body"]) for form in provider.texts} == {1}


def test_who_chose_mail_is_not_texted_though_they_may_be(host, provider):
    lead = texting_lead(preferred_channel="email")
    book_call(lead=lead, start=NOW + 3 * DAY, host=host, by=ActorKind.PATIENT, now=NOW)
    assert sent_texts(provider, NOW + 3 * DAY - HOUR) == []


def test_clinic_without_a_provider_writes_no_texts(host, settings):
    settings.TEXT_BACKEND = ""
    book_call(lead=texting_lead(), start=NOW + 3 * DAY, host=host, by=ActorKind.PATIENT, now=NOW)
    assert not OutboxMessage.objects.filter(channel="text").exists()


def test_text_on_one_machine_is_a_file_and_is_printed(clinic, settings, tmp_path, capsys):
    settings.TEXT_BACKEND, settings.TEXT_FILE_PATH = "clinic.text_backends.TextFileBackend", tmp_path / "texts"
    message = text(text="Harbor Clinic: a text.")
    delivery.deliver_due(clock())
    (path,) = (tmp_path / "texts").iterdir()
    assert path.name == f"{message.pk}.txt"
    assert path.read_text().startswith(f"To: {NUMBER}\nSegments: 1\n")
    assert "    Harbor Clinic: a text.\n" in capsys.readouterr().out


@pytest.mark.real_clock
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("accepted", [False, True], ids=["before-acceptance", "before-the-reply"])
def test_killed_while_the_provider_holds_a_text_nothing_is_lost(clinic, provider, accepted):
    now, lead = timezone.now(), texting_lead()  # an answer to a keyword goes out at any hour
    messages = [
        text(lead, kind="texts_help", created_at=now - dt.timedelta(seconds=3 - place), text=str(place))
        for place in range(3)
    ]
    second, go_on = threading.Event(), threading.Event()

    def answer(form):
        if form["Body"] == "1":
            if accepted:
                provider.texts.append(form)
            second.set()
            assert go_on.wait(WAIT_TIMEOUT)
            return text_provider.refused(500, 20500)
        return text_provider.accepted(form)

    provider.answer = answer
    worker = processes.manage(
        "run_worker",
        DATABASE_URL=processes.database_url(),
        TEXT_PROVIDER="twilio",
        TWILIO_ACCOUNT_SID=text_provider.ACCOUNT,
        TWILIO_AUTH_TOKEN=text_provider.TOKEN,
        TWILIO_SENDER=text_provider.SENDER,
        TWILIO_API_URL=provider.url,
    )
    try:
        assert second.wait(WAIT_TIMEOUT)
        worker.send_signal(signal.SIGKILL)
        worker.wait(WAIT_TIMEOUT)
    finally:
        go_on.set()
        worker.kill()
        worker.communicate()
    assert OutboxMessage.objects.filter(status="sent").count() == 1
    provider.answer = text_provider.accepted
    later = timezone.now() + delivery.LEASE + dt.timedelta(minutes=1)
    while delivery.deliver_due(clock(later)):
        pass
    assert sorted(form["Body"] for form in provider.texts) == (["0", "1", "1", "2"] if accepted else ["0", "1", "2"])
    assert {state(message)[0] for message in messages} == {"sent"}


def test_who_unsubscribed_from_mail_is_still_reminded_of_the_call_they_booked(host, provider, mailoutbox):
    lead, start = texting_lead(), NOW + 3 * DAY
    unsubscribe(lead, **BACK, now=NOW)
    book_call(lead=lead, start=start, host=host, by=ActorKind.PATIENT, now=NOW)
    assert "Reminder" in sent_texts(provider, start - DAY)[-1]
    assert [mail.subject for mail in mailoutbox if mail.subject.startswith("Reminder")] != []


@pytest.mark.parametrize("backend", ["", "clinic.text_backends.TextFileBackend"])
def test_forms_offer_texts_only_where_they_can_be_sent(clinic, client, settings, backend):
    settings.TEXT_BACKEND = backend
    lead = TrialFactory(requested_at=NOW, started_at=NOW).lead
    for page in ("/start/", lead_links.portal_url(lead).removeprefix(settings.SITE_URL) + "details/"):
        radios = re.findall(r'<input[^>]*name="preferred_channel"[^>]*>', client.get(page).content.decode())
        offered = [re.search(r'value="(\w+)"', radio)[1] for radio in radios]
        assert (page, offered) == (page, ["email", "call", *(["text"] if backend else [])])


def test_texts_of_the_shipped_kinds_are_one_segment_and_say_nothing_about_health(clinic):
    lead = texting_lead()
    when = "Wed, Nov 25, 10:00 AM Eastern Time"
    for kind in kinds.registered():
        if "text" in kind.channels:
            words = outbox.render_text(kind, lead, {"when_short": when, "words": "Hello."}).text
            assert (kind.value, count_segments(words), find_health_word(words)) == (kind.value, 1, "")
            assert words.startswith("Harbor Clinic: ")


def chose_texts(client, post_start, settings):
    """Sign up choosing texts, and confirm the address."""
    post_start(preferred_channel="text", phone="212 555 0123", texts="on")
    lead = Lead.objects.get()
    client.post(lead_links.confirmation_url(lead).removeprefix(settings.SITE_URL))
    return lead


def test_life_of_who_chooses_texts(client, host, provider, post_start, settings):
    """Sign-up, confirmation, booking, reminder, STOP and START. Nothing is sent before the address is confirmed."""
    post_start(preferred_channel="text", phone="212 555 0123", texts="on")
    assert sent_texts(provider, NOW) == []
    lead = chose_texts(client, post_start, settings)
    assert sent_texts(provider, NOW)[0].startswith("Harbor Clinic: You will get texts about your calls and requests.")
    start = NOW + 3 * DAY
    book_call(lead=lead, start=start, host=host, by=ActorKind.PATIENT, now=NOW)
    assert "booked for Mon, Nov 23" in sent_texts(provider, NOW)[-1]
    assert "Reminder" in sent_texts(provider, start - DAY)[-1]
    receive = {"number": NUMBER, "carrier_answered": False, "now": start - 2 * HOUR}
    incoming.receive_text(external_id="1", body="STOP", **receive)
    assert "no more texts" in sent_texts(provider, start - 2 * HOUR)[-1]
    count = len(provider.texts)
    assert len(sent_texts(provider, start - HOUR)) == count  # the reminder an hour before comes by mail only
    incoming.receive_text(external_id="2", body="START", **receive)
    started, reminder = sent_texts(provider, start - HOUR)[-2:]  # from now on by text again
    assert ("You will get texts" in started, "Reminder" in reminder) == (True, True)


def test_who_was_erased_and_comes_back_for_texts_is_sent_them(client, clinic, provider, post_start, settings):
    Suppression.objects.create(digest=contact_hash(NUMBER), created_at=NOW)
    chose_texts(client, post_start, settings)
    assert len(sent_texts(provider, NOW)) == 1


def test_choosing_texts_on_the_private_page_is_confirmed_once(client, clinic, provider, post_start, settings):
    post_start()
    lead = Lead.objects.get()
    client.post(lead_links.confirmation_url(lead).removeprefix(settings.SITE_URL))
    page = lead_links.portal_url(lead).removeprefix(settings.SITE_URL) + "details/"
    form = {"name": "Jo", "phone": "212 555 0123", "time_zone": "America/New_York", "best_time": "any"}
    for _ in range(2):
        assert client.post(page, {**form, "preferred_channel": "text", "texts": "on"}).status_code == 303
    assert len(sent_texts(provider, NOW)) == 1


@pytest.mark.parametrize(("outcome", "texts"), [("wrong_number", 0), ("no_answer", 1)])
def test_wrong_number_is_not_texted(clinic, provider, outcome, texts):
    lead = texting_lead()
    request = CallbackRequestFactory(lead=lead, phone_e164=NUMBER, created_at=NOW - DAY)
    for number in range(1, MAX_CALL_ATTEMPTS):
        CallAttemptFactory(request=request, number=number, attempted_at=NOW - HOUR, next_attempt_at=NOW)
    log_attempt(
        request,
        number=MAX_CALL_ATTEMPTS,
        outcome=CallOutcome(outcome),
        by=UserFactory(role=roles.COORDINATOR),
        now=NOW,
        form_key=uuid.uuid4(),
    )
    assert len(sent_texts(provider, NOW)) == texts
    assert OutboxMessage.objects.filter(kind="callback_unreachable", channel="email").count() == 1
