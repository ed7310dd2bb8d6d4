"""Reports of a mail provider, posted and signed as it does."""

import base64
import hashlib
import hmac
import json
import uuid

import pytest

from signups.messages.models import OutboxMessage
from tests.signups.conftest import NOW
from tests.signups.messages.test_imap_mailbox import sent

pytestmark = pytest.mark.django_db

KEY, SECRET = "a-signing-key", "user:password"


@pytest.fixture
def report(clinic, client, settings, time_machine):
    """Posts an event as Mailgun does."""
    time_machine.move_to(NOW, tick=False)
    settings.EMAIL_PROVIDER = "mailgun"
    settings.ANYMAIL = {
        "MAILGUN_API_KEY": "key", "MAILGUN_WEBHOOK_SIGNING_KEY": KEY, "WEBHOOK_SECRET": SECRET,
    }  # fmt: skip

    def post(message_id, event, *, key=KEY, secret=SECRET, **fields):
        timestamp, token = str(int(NOW.timestamp())), uuid.uuid4().hex
        signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
        data = {"event": event, "timestamp": NOW.timestamp(), "id": token, "recipient": "jo@example.com", **fields}
        body = {
            "signature": {"timestamp": timestamp, "token": token, "signature": signature},
            "event-data": {"user-variables": {"message": str(message_id)}, **data},
        }
        login = {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
        return client.post("/webhooks/email/", json.dumps(body), content_type="application/json", headers=login)

    return post


FAILED = {"severity": "permanent", "reason": "bounce"}


def status(code, text):
    return {"delivery-status": {"code": code, "message": text}}


@pytest.mark.parametrize(
    ("answer", "dead"),
    [
        (status(550, "5.1.1 The email account jo@example.com does not exist"), True),
        (status(550, "5.7.1 rejected as spam"), False),
        (status(605, "Not delivering to previously bounced address"), True),
    ],
)
def test_bounce_marks_message_and_address_once(report, answer, dead):
    message = sent()
    for _ in range(2):
        assert report(message.pk, "failed", **FAILED, **answer).status_code == 200
    message.refresh_from_db()
    message.lead.refresh_from_db()
    assert (message.status, message.lead.email_bounced_at) == ("returned", NOW if dead else None)
    assert "@" not in message.last_error


def test_delivery_complaint_and_opt_out_are_noted(report):
    message = sent()
    report(message.pk, "delivered")
    message.refresh_from_db()
    assert (message.status, message.delivered_at) == ("sent", NOW)
    report(message.pk, "complained")
    message.lead.refresh_from_db()
    assert (message.lead.email_failure, message.lead.unsubscribed_at) == ("complaint", NOW)
    other = sent()
    report(other.pk, "unsubscribed")
    other.lead.refresh_from_db()
    assert (other.lead.email_bounced_at, other.lead.unsubscribed_at) == (None, NOW)


@pytest.mark.parametrize("forged", [{"key": "guessed"}, {"secret": "user:guessed"}])
def test_forged_report_changes_nothing_and_is_limited(report, forged):
    message = sent()
    answers = [report(message.pk, "complained", **forged).status_code for _ in range(61)]
    assert (set(answers[:60]), answers[60]) == ({400}, 429)
    message.lead.refresh_from_db()
    assert message.lead.unsubscribed_at is None


@pytest.mark.parametrize("message_id", ["", "nonsense", "5f0c7127-3be9-4488-b801-c7b6415b45e9"])
def test_report_about_nothing_of_ours_is_taken_and_changes_nothing(report, message_id):
    message = sent()
    assert report(message_id, "failed", **FAILED).status_code == 200
    assert OutboxMessage.objects.get(pk=message.pk).status == "sent"


def test_clinic_with_its_own_mail_server_has_no_such_address(clinic, client):
    assert client.post("/webhooks/email/", "{}", content_type="application/json").status_code == 404
