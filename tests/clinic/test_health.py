"""Probes and metrics: status, access, and no personal data."""

import datetime as dt

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from clinic import health
from signups.ops import heartbeats
from signups.ops.heartbeat_models import WorkerHeartbeat
from signups.reports import queue_backlog
from tests.factories import messages, ops

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ask_again():
    health._migrated_once.cache_clear()
    yield
    health._migrated_once.cache_clear()


def ready(client):
    response = client.get("/health/ready")
    return response.status_code, response.content.decode().strip()


def test_process_that_answers_is_alive(client):
    assert client.get("/health/live").status_code == 200


def test_all_is_well(client):
    heartbeats.record_heartbeat(timezone.now)
    assert ready(client) == (200, "ok")


def test_ready_says_so_when_the_database_is_away(client, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("the server is gone")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        assert (ready(client)[0], client.get("/health/live").status_code) == (503, 200)


def test_not_ready_until_migrated(client):
    heartbeats.record_heartbeat(timezone.now)
    newest = MigrationRecorder(connection).migration_qs.filter(app="signups").order_by("id").last()
    newest.delete()
    assert ready(client) == (503, "the database waits for `manage.py migrate`")
    MigrationRecorder(connection).record_applied("signups", newest.name)
    assert ready(client) == (200, "ok")


def test_what_waits_is_told_but_takes_no_web_machine_out(client):
    assert ready(client) == (200, "no worker is alive")
    now = timezone.now()
    heartbeats.record_heartbeat(lambda: now - heartbeats.STALE_AFTER - dt.timedelta(seconds=1))
    messages.OutboxMessageFactory(created_at=now - queue_backlog.OVERDUE_AFTER * 2)
    assert ready(client) == (200, "no worker is alive; messages wait for long")


def test_beat_is_one_row_a_worker_and_old_ones_are_forgotten():
    now = timezone.now()
    ops.WorkerHeartbeatFactory(seen_at=now - heartbeats.DELETE_AFTER * 2)
    heartbeats.record_heartbeat(lambda: now)
    heartbeats.record_heartbeat(lambda: now)
    assert list(WorkerHeartbeat.objects.values_list("seen_at", flat=True)) == [now]


def test_figures_for_our_own_networks_only(client, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    assert client.get("/health/metrics").status_code == 200
    assert client.get("/health/metrics", HTTP_X_FORWARDED_FOR="203.0.113.7").status_code == 404
    assert client.get("/health/metrics", HTTP_X_FORWARDED_FOR="127.0.0.1, 203.0.113.7").status_code == 404
    assert client.get("/health/metrics", HTTP_X_FORWARDED_FOR="nonsense").status_code == 404


def test_figures_count_what_waits_and_name_nobody(client):
    message = messages.OutboxMessageFactory(lead__name="Jo Miller", status="failed")
    messages.OutboxMessageFactory(lead=message.lead)
    text = client.get("/health/metrics").content.decode()
    assert "clinic_due_messages 1.0" in text
    assert "clinic_dead_messages 1.0" in text
    assert "clinic_overdue_callbacks 0.0" in text
    for private in ("Miller", message.lead.email):
        assert private not in text
