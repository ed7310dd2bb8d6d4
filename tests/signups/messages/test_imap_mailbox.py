"""What comes back to the clinic's mailbox is read, and stays there for people."""

import logging
from email.message import EmailMessage

import pytest

from signups.audit.choices import AuditAction
from signups.messages.imap_mailbox import read_mailbox
from signups.messages.inbound_models import InboundMessage
from tests import imap_server
from tests.factories.leads import LeadFactory
from tests.factories.messages import MailboxPositionFactory
from tests.processes import free_port
from tests.signups.conftest import NOW
from tests.signups.messages.test_delivery import clock, written

pytestmark = pytest.mark.django_db

BOUNCE = """\
From: MAILER-DAEMON@mx.example
To: care@harbor.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={report}; boundary="B"

--B
Content-Type: text/plain

I am sorry.

--B
Content-Type: message/{part}

{fields}

--B
Content-Type: {original}

From: care@harbor.example
Message-ID: <{pk}@harbor.example>
Subject: A subject

A text.
--B--
"""


@pytest.fixture
def mailbox(clinic, settings):
    with imap_server.running() as running:
        settings.IMAP_HOST, settings.IMAP_PORT, settings.IMAP_SECURITY = "127.0.0.1", running.port, "none"
        settings.IMAP_USER, settings.IMAP_PASSWORD = "care", running.password
        MailboxPositionFactory()
        yield running


def sent(**fields):
    return written(status="sent", sent_at=NOW, **fields)


def bounce(message, action="failed", status="5.1.1", original="message/rfc822"):
    recipient = f"Final-Recipient: rfc822; {message.to}\nAction: {action}\nStatus: {status}"
    names = {"report": "delivery-status", "part": "delivery-status", "original": original, "pk": message.pk}
    return BOUNCE.format(fields=f"Reporting-MTA: dns; mx.example\n\n{recipient}", **names).encode()


def complaint(message):
    fields = "Feedback-Type: abuse\nVersion: 1\nUser-Agent: Example/1"
    return BOUNCE.format(
        report="feedback-report", part="feedback-report", fields=fields, original="message/rfc822", pk=message.pk
    ).encode()


def reply(message=None, text="When do you open?", sender="", **headers):
    mail = EmailMessage()
    mail["From"] = sender or (message.to if message else "somebody@example.com")
    mail["To"], mail["Subject"] = "care@harbor.example", "Re: A subject"
    mail["Message-ID"] = headers.pop("message_id", "<reply-1@example.com>")
    if message:
        mail["In-Reply-To"] = f"<{message.pk}@harbor.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


@pytest.mark.parametrize("original", ["message/rfc822", "text/rfc822-headers"])
def test_bounce_marks_message_and_address(mailbox, original):
    message = sent()
    mailbox.add(bounce(message, original=original))
    mailbox.add(bounce(message, original=original))
    assert read_mailbox(clock()) == 2
    message.refresh_from_db()
    message.lead.refresh_from_db()
    assert (message.status, message.last_error) == ("returned", "bounced 5.1.1")
    assert (message.lead.email_bounced_at, message.lead.email_failure) == (NOW, "bounced 5.1.1")
    assert message.lead.events.filter(action=AuditAction.ADDRESS_FAILED).count() == 1
    assert read_mailbox(clock()) == 0
    assert not any(command.startswith(("UID STORE", "SELECT", "EXPUNGE")) for command in mailbox.commands)


@pytest.mark.parametrize(
    ("action", "status", "outcome"),
    [("delayed", "4.4.1", "sent"), ("failed", "5.2.2", "returned"), ("failed", "5.7.1", "returned")],
)
def test_what_may_pass_marks_no_address(mailbox, action, status, outcome):
    message = sent()
    mailbox.add(bounce(message, action, status))
    read_mailbox(clock())
    message.refresh_from_db()
    message.lead.refresh_from_db()
    assert (message.status, message.lead.email_bounced_at) == (outcome, None)


def test_forged_bounce_that_does_not_know_our_message_changes_nothing(mailbox):
    message = sent()
    mailbox.add(bounce(message).replace(str(message.pk).encode(), b"5f0c7127-3be9-4488-b801-c7b6415b45e9"))
    mailbox.add(bounce(message).replace(b"harbor.example>", b"elsewhere.example>"))
    read_mailbox(clock())
    message.lead.refresh_from_db()
    assert message.lead.email_bounced_at is None


def test_complaint_ends_all_mail(mailbox):
    message = sent()
    mailbox.add(complaint(message))
    read_mailbox(clock())
    message.lead.refresh_from_db()
    assert (message.lead.email_bounced_at, message.lead.email_failure, message.lead.unsubscribed_at) == (
        NOW,
        "complaint",
        NOW,
    )


def test_reply_is_on_the_timeline_of_whom_we_wrote_to_whoever_sends_it(mailbox):
    message = sent()
    text = "Monday?\n\nOn Fri, Nov 20, 2026 Harbor Clinic wrote:\n> A text."
    mailbox.add(reply(message, text, sender="X <x@work.example>"))
    mailbox.add(mailbox.messages[1])
    read_mailbox(clock())
    stored = InboundMessage.objects.get()
    assert (stored.lead, stored.in_reply_to, stored.sender) == (message.lead, message, "x@work.example")
    assert (stored.text, stored.subject, stored.handled_at) == ("Monday?", "Re: A subject", None)


def test_sender_is_known_by_address_or_kept_for_staff(mailbox):
    lead = LeadFactory(email="jo@example.com")
    mailbox.add(reply(sender="Jo@Example.com", message_id="<1@x>"))
    mailbox.add(reply(sender="who@example.com", message_id="<2@x>"))
    read_mailbox(clock())
    assert [message.lead for message in InboundMessage.objects.order_by("id")] == [lead, None]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<news.example.com>"},
        {"Return_Path": "<>"},
        {"sender": "care@harbor.example"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_programs_are_not_listened_to(mailbox, headers):
    mailbox.add(reply(sent(), **headers))
    assert read_mailbox(clock()) == 1
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("STOP", "stop"),
        ("Please unsubscribe me from this.", "stop"),
        ("Please erase me from your database", "erase"),
        ("Delete my data.", "erase"),
        ("Thanks!\n\n> To unsubscribe, open this page", ""),
    ],
)
def test_what_a_reply_asks_for_is_a_task_for_staff(mailbox, text, request_):
    mailbox.add(reply(sent(), text))
    read_mailbox(clock())
    message = InboundMessage.objects.unhandled().get()
    assert message.request == request_


def test_ten_megabytes_and_broken_messages_hold_up_nothing(mailbox, caplog):
    message = sent()
    mailbox.add(reply(message, "x" * 70 + "\n" + "A long line of words. " * 500_000, message_id="<1@x>"))
    mailbox.add(b"\xff\xfe not an email at all")
    mailbox.add(b"From: a@b.example\nContent-Type: text/plain; charset=nonsense\n\n\x80\x81")
    mailbox.add(b"From: =?utf-8?q?" + b"=" * 5000 + b"\nIn-Reply-To: <" + b"x" * 5000 + b">\n\nhello")
    mailbox.add(reply(message, "The last one", message_id="<2@x>"))
    with caplog.at_level(logging.INFO, logger="signups"):
        assert read_mailbox(clock()) == 5
    texts = list(InboundMessage.objects.filter(lead=message.lead).order_by("id").values_list("text", flat=True))
    assert (len(texts[0]), texts[-1]) == (10_000, "The last one")
    assert message.to not in caplog.text


def test_what_was_there_before_the_first_run_is_left_alone(mailbox):
    from signups.messages.mailbox_models import MailboxPosition

    MailboxPosition.objects.all().delete()
    mailbox.add(reply(message_id="<old@x>"))
    assert read_mailbox(clock()) == 0
    mailbox.add(reply(message_id="<new@x>"))
    assert read_mailbox(clock()) == 1


def test_messages_numbered_anew_are_read_again_and_stored_once(mailbox):
    mailbox.add(reply(sent()))
    read_mailbox(clock())
    mailbox.uid_validity = 2
    assert read_mailbox(clock()) == 1
    assert InboundMessage.objects.count() == 1


def test_server_that_is_away_or_refuses_is_logged_without_the_password(mailbox, settings, caplog):
    settings.IMAP_PASSWORD = "wrong-password"
    with caplog.at_level(logging.INFO, logger="signups"):
        assert read_mailbox(clock()) == 0
        settings.IMAP_PORT = free_port()
        assert read_mailbox(clock()) == 0
    assert caplog.text.count("the mailbox cannot be read") == 2
    assert "wrong-password" not in caplog.text
