"""What a person answers in their calendar program stands on the call and on the host's day; the call stays as it is."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from email.message import EmailMessage

import pytest
from django.test import Client

from clinic import roles
from signups.audit.choices import ActorKind
from signups.calls.actions import book_call, reschedule_call
from signups.calls.models import CallAlert
from signups.calls.replies import handle_calendar_reply
from signups.messages.imap_mailbox import act_on_email
from signups.messages.inbound_models import InboundMessage
from signups.messages.signals import calendar_reply_received
from tests.factories.hosts import AvailabilityRuleFactory, HostFactory
from tests.factories.leads import LeadFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 1, 13, 15, 0, tzinfo=dt.UTC)
CALL = dt.datetime(2027, 1, 15, 19, 0, tzinfo=dt.UTC)


@pytest.fixture
def call(clinic, time_machine):
    time_machine.move_to(NOW, tick=False)
    user = UserFactory(role=roles.COORDINATOR, first_name="Hana", email="hana@harbor.example")
    host = HostFactory(user=user)
    AvailabilityRuleFactory(host=host, weekday=4, start=0, end=1440)
    return book_call(lead=LeadFactory(email="jo@example.com"), start=CALL, host=host, by=ActorKind.PATIENT, now=NOW)


def reply(call, answer="DECLINED", method="REPLY", who="jo@example.com", sequence=None, start="20270115T190000Z"):
    """As Outlook and Google write it."""
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", f"METHOD:{method}", "BEGIN:VEVENT", f"UID:{call.uid}"),
        f"SEQUENCE:{call.sequence if sequence is None else sequence}",
        *("DTSTAMP:20270113T150000Z", f"DTSTART:{start}"),
        "ORGANIZER:mailto:care@harbor.example",
        f"ATTENDEE;CN=Jo;PARTSTAT={answer}:MAILTO:{who}",
        *("END:VEVENT", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(lines)


def note(text):
    return handle_calendar_reply(text=text, now=NOW)


def alerts():
    return list(CallAlert.objects.open(NOW).values_list("kind", flat=True))


def test_answer_stands_on_the_call_and_on_the_day_of_the_host(call):
    calendar_reply_received.send(sender=None, text=reply(call), now=NOW)
    client = Client()
    client.force_login(call.host.user)
    page = client.get(f"/admin/signups/onboardingcall/{call.public_id}/").content.decode()
    assert "the person declined it in their calendar" in page
    assert "the person declined it in their calendar" in client.get("/admin/").content.decode()
    call.refresh_from_db()
    assert (call.answer, call.status, call.sequence) == ("declined", "booked", 0)
    assert note(reply(call, "ACCEPTED"))
    assert "the person declined" not in client.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ({"answer": "ACCEPTED"}, []),
        ({"answer": "TENTATIVE"}, ["tentative"]),
        ({"method": "COUNTER", "start": "20270118T150000Z"}, ["counter"]),
        ({"who": "Hana@harbor.example"}, ["host_declined"]),
        ({"who": "somebody@example.com"}, []),
        ({"method": "REQUEST"}, []),
        ({"answer": "DELEGATED"}, []),
    ],
)
def test_each_answer(call, words, kinds):
    note(reply(call, **words))
    assert alerts() == kinds


def test_proposed_time_is_shown(call):
    note(reply(call, method="COUNTER", start="20270118T150000Z"))
    client = Client()
    client.force_login(call.host.user)
    page = client.get(f"/admin/signups/onboardingcall/{call.public_id}/").content.decode()
    assert "Mon, Jan 18, 10:00 AM" in page


def test_reply_to_an_earlier_version_is_ignored_and_a_new_version_settles(call):
    assert note(reply(call))
    moved = reschedule_call(call=call, start=CALL + dt.timedelta(hours=1), by=ActorKind.PATIENT, now=NOW)
    assert (alerts(), moved.answer) == ([], "")
    assert not note(reply(call, sequence=0))
    assert alerts() == []


@pytest.mark.parametrize("text", ["", "no calendar", "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n", "x" * 200_000])
def test_what_is_no_reply_is_ignored(call, text):
    assert note(text) is False


def email_with(text, sender="jo@example.com"):
    """As Outlook sends it: a text and the calendar beside it, marked as automatic."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "care@harbor.example", "Declined: Free call"
    mail["Message-ID"], mail["Auto-Submitted"] = "<1@example.com>", "auto-generated"
    mail.set_content("Jo has declined.")
    mail.add_alternative(text, subtype="calendar", params={"method": "REPLY"})
    return mail.as_bytes()


def test_reply_that_comes_to_the_mailbox_is_noted(call):
    act_on_email(email_with(reply(call)), now=NOW)
    assert (alerts(), InboundMessage.objects.count()) == (["declined"], 0)


def test_reply_about_no_call_of_ours_is_kept_for_people(call):
    act_on_email(email_with(reply(call).replace(call.uid, "another")), now=NOW)
    assert (alerts(), InboundMessage.objects.count()) == ([], 1)


def test_reply_that_the_mail_provider_hands_on_is_noted_on_the_day_of_the_host(call, client, settings):
    """As Mailgun posts it (raw) and as Postmark does (parsed); what is not from them is refused."""
    secret, key = "user:password", "a-signing-key"
    login = {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
    stamp = {"timestamp": str(int(NOW.timestamp())), "token": "1234"}
    signature = hmac.new(key.encode(), "".join(stamp.values()).encode(), hashlib.sha256).hexdigest()
    raw = {**stamp, "signature": signature, "body-mime": email_with(reply(call)).decode()}
    text = base64.b64encode(reply(call, "TENTATIVE").encode()).decode()
    calendar = {"Name": "invite.ics", "Content": text, "ContentType": "text/calendar; method=REPLY"}
    parsed = {"FromFull": {"Email": "jo@example.com"}, "ToFull": [{"Email": "care@harbor.example"}]}
    parsed |= {"TextBody": "Jo may come.", "Headers": []}
    settings.ANYMAIL = {"MAILGUN_WEBHOOK_SIGNING_KEY": key, "WEBHOOK_SECRET": secret}
    address, desk = "/webhooks/email/inbound/", Client()
    desk.force_login(call.host.user)
    settings.EMAIL_PROVIDER = ""
    assert client.post(address, raw, headers=login).status_code == 404
    settings.EMAIL_PROVIDER = "mailgun"
    assert client.post(address, raw | {"signature": "0"}, headers=login).status_code == 400
    assert (client.post(address, raw).status_code, alerts()) == (400, [])
    assert client.post(address, raw, headers=login).status_code == 200
    assert "the person declined it in their calendar" in desk.get("/admin/").content.decode()
    settings.EMAIL_PROVIDER = "postmark"
    posted = json.dumps(parsed | {"Attachments": [calendar]})
    assert client.post(address, posted, content_type="application/json", headers=login).status_code == 200
    assert alerts() == ["tentative"]
    assert client.post(address, json.dumps(parsed), content_type="application/json", headers=login).status_code == 200
    assert InboundMessage.objects.get().text == "Jo may come."
