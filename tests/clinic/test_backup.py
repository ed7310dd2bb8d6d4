"""Backup and restore: same rows and a valid audit log in an empty database."""

import datetime as dt
import io
import os
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from clinic.management.commands import backup
from signups.audit import chain
from tests import processes
from tests.factories import audit, leads, trials
from tests.services import WAIT_TIMEOUT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_clock]


@pytest.fixture
def empty_database(tmp_path):
    """Return the DATABASE_URL of an empty database."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'restored.sqlite3'}"
        return
    name = f"restored_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(*args, database):
    process = processes.manage(*args, DATABASE_URL=database)
    output, _ = process.communicate(timeout=WAIT_TIMEOUT)
    return process.returncode, output


COUNT = (
    "from django.apps import apps; from signups.models import AuditEvent as E;"
    "rows = lambda m: m.objects.exclude(**{'action': 'restored'} if m is E else {});"
    "print('COUNTS', [rows(m).count() for m in apps.get_models()])"
)


def test_restored_database_has_every_row_and_a_trail_that_holds(clinic, tmp_path, empty_database):
    for _ in range(3):
        leads.NoteFactory(lead=trials.TrialFactory().lead)
        audit.AuditEventFactory()
    while chain.append_to_chain(timezone.now):
        pass
    here = processes.database_url()
    file = tmp_path / "backup"
    code, output = run("backup", str(file), database=here)
    assert (code, oct(file.stat().st_mode)[-3:]) == (0, "600"), output
    code, output = run("backup", "--restore", str(file), database=empty_database)
    assert code == 0, output
    assert "The audit trail holds: 3 events sealed" in output
    before, after = (run("shell", "-c", COUNT, database=url)[1].split("COUNTS")[1] for url in (here, empty_database))
    assert before == after
    assert len(apps.get_models()) > 20

    # Never over what is there.
    assert run("backup", "--restore", str(file), database=empty_database)[0] == 1
    assert run("backup", str(file), database=here)[0] == 1


def test_folder_keeps_the_newest_and_whatever_has_another_name(tmp_path, time_machine):
    other = tmp_path / "before-2.backup"
    other.touch()
    for day in (1, 2, 3):
        time_machine.move_to(dt.datetime(2026, 11, day, 2, tzinfo=dt.UTC), tick=False)
        call_command("backup", str(tmp_path), keep=2, stdout=io.StringIO())
    names = [f"2026-11-0{day}T020000Z.backup" for day in (2, 3)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, other.name]
    assert {oct((tmp_path / name).stat().st_mode)[-3:] for name in names} == {"600"}


def test_backup_that_failed_leaves_no_file_and_deletes_none(tmp_path, monkeypatch):
    old = tmp_path / "2026-11-01T020000Z.backup"
    old.write_bytes(b"PGDMP")

    def fail(*_):
        raise CommandError("The disk is full.")

    monkeypatch.setattr(backup, "dump", fail)
    with pytest.raises(CommandError, match="full"):
        call_command("backup", str(tmp_path), keep=1)
    assert list(tmp_path.iterdir()) == [old]


@pytest.mark.parametrize(
    ("where", "options"), [("new.backup", {"keep": 3}), ("", {"keep": 0}), ("", {"keep": 3, "restore": True})]
)
def test_keeping_needs_a_folder_and_a_number(tmp_path, where, options):
    with pytest.raises(CommandError, match="--keep is a number from 1"):
        call_command("backup", str(tmp_path / where), **options)
    assert list(tmp_path.iterdir()) == []


def test_file_that_is_not_there_is_not_restored(tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        call_command("backup", str(tmp_path / "missing.backup"), restore=True)


def test_failure_of_the_databases_own_tool_is_told_in_its_words(tmp_path, monkeypatch):
    monkeypatch.setattr(backup.shutil, "which", lambda name: "/bin/false")
    with pytest.raises(CommandError, match="pg_dump failed"):
        backup.postgres_tool("pg_dump")
    monkeypatch.setattr(backup.shutil, "which", lambda name: None)
    with pytest.raises(CommandError, match="install PostgreSQL's client tools"):
        backup.postgres_tool("pg_dump")
