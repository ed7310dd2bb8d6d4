"""Cleanup jobs, and limits on the growth of every table."""

import datetime as dt
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from clinic import cleanup
from tests.factories import users
from tests.repository import ROOT

from .test_staff_auth import sign_in

pytestmark = pytest.mark.django_db


def test_every_table_is_in_the_list_of_what_grows():
    section = (ROOT / "docs/operating.md").read_text().partition("## What grows")[2].partition("\n## ")[0]
    named = re.findall(r"`([a-z_]+)`", section)
    assert sorted(named) == sorted({*connection.introspection.table_names(), "clinic_cache"})


def test_sessions_that_are_over_are_forgotten_and_others_are_not(client, clinic, time_machine):
    time_machine.move_to("2026-11-20T15:00:00+00:00", tick=False)
    for username in ("head", "other"):
        users.UserFactory(username=username)
    sign_in(client)
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)
    assert cleanup.delete_expired_sessions(timezone.now) == 0
    time_machine.shift(dt.timedelta(hours=25))
    sign_in(client.__class__(), username="other")
    assert [cleanup.delete_expired_sessions(timezone.now) for _ in range(3)] == [1, 1, 0]
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)
    assert UserSession.objects.get().session_key == Session.objects.get().session_key


@pytest.mark.django_db(transaction=True)
def test_log_of_sqlite_is_emptied_as_soon_as_nobody_reads():
    if connection.vendor != "sqlite":
        assert cleanup.checkpoint_wal(timezone.now) == 0
        return
    name = connection.settings_dict["NAME"]
    log = Path(f"{name}-wal")
    with closing(sqlite3.connect(name, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM auth_user").fetchone()
        users.UserFactory()
        cleanup.checkpoint_wal(timezone.now)
        assert log.stat().st_size > 0
        reader.execute("ROLLBACK")
        cleanup.checkpoint_wal(timezone.now)
        assert log.stat().st_size == 0
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (20_000,)
