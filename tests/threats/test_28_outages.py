"""Mail server down, database lost: what was accepted stays, and the work goes on without a hand.

(Killed workers, lost leases and roll-backs: tests/signups/messages/test_delivery.py.)
"""

import datetime as dt

import pytest
from django.db import OperationalError, connection

from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from tests import mail_server, processes
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


def deliver(settings, port, at):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    return delivery.deliver_due(lambda: at)


def test_sign_up_while_mail_is_down_is_told_later_and_once(clinic, settings, post_start):
    assert post_start().status_code == 303
    assert deliver(settings, processes.free_port(), NOW) == 1  # nobody listens there
    assert OutboxMessage.objects.get().status == "pending"
    later = NOW + dt.timedelta(hours=1)
    with mail_server.running() as server:
        assert deliver(settings, server.port, later) == 1
        assert deliver(settings, server.port, later) == 0
        assert [message["To"] for message in server.messages] == ["jo@example.com"]


def test_sign_up_while_the_database_is_away_is_not_acknowledged(client, clinic, monkeypatch, post_start):
    def away(*args, **kwargs):
        raise OperationalError("the server is gone")

    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        response = post_start()
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert (Lead.objects.count(), OutboxMessage.objects.count()) == (0, 0)
    assert post_start().status_code == 303
    assert (Lead.objects.count(), OutboxMessage.objects.count()) == (1, 1)
