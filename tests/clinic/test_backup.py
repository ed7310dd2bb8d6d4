"""A backup is worth what its restoring is: into an empty database, with the same rows and a trail that holds."""

import os
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from signups import audit
from tests import factories, processes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def empty_database(tmp_path):
    """The DATABASE_URL of one."""
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
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


COUNT = "import json; from django.apps import apps; print('COUNTS', [m.objects.count() for m in apps.get_models()])"


def test_restored_database_has_every_row_and_a_trail_that_holds(clinic, tmp_path, empty_database):
    for _ in range(3):
        factories.NoteFactory(lead=factories.TrialFactory().lead)
        factories.EventFactory()
    while audit.seal_due(timezone.now):
        pass
    here = processes.database_url()
    file = tmp_path / "backup"
    code, output = run("backup", str(file), database=here)
    assert (code, oct(file.stat().st_mode)[-3:]) == (0, "600"), output
    code, output = run("restore", str(file), database=empty_database)
    assert code == 0, output
    assert "The audit trail holds: 3 events sealed" in output
    before, after = (run("shell", "-c", COUNT, database=url)[1].split("COUNTS")[1] for url in (here, empty_database))
    assert before == after
    assert len(apps.get_models()) > 20

    # Never over what is there.
    assert run("restore", str(file), database=empty_database)[0] == 1
    assert run("backup", str(file), database=here)[0] == 1
