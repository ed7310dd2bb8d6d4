"""Key rotation while the site runs, and detection of wrong keys."""

import subprocess
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from clinic.lib import encryption
from signups.ops.key_check import ensure_key_check, verify_keys
from tests import processes
from tests.factories import leads, users
from tests.services import WAIT_TIMEOUT

pytestmark = pytest.mark.django_db


@pytest.fixture
def note():
    return leads.NoteFactory(text="she likes mornings")


@pytest.fixture
def app(db):
    data = {"secret": encryption.encrypt("JBSWY3DP")}
    return Authenticator.objects.create(user=users.UserFactory(), type="totp", data=data)


def rotate():
    call_command("rotate_encryption_keys", stdout=(out := StringIO()))
    return out.getvalue()


def token(note):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT text FROM {note._meta.db_table}")
        return cursor.fetchone()[0]


def test_everything_is_readable_with_the_new_key_alone(note, app, settings):
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]
    assert "Done: 3 in all." in rotate()  # the note, the canary, the app's secret
    settings.ENCRYPTION_KEYS = [new]
    note.refresh_from_db()
    app.refresh_from_db()
    assert note.text == "she likes mornings"
    assert encryption.decrypt(app.data["secret"]) == "JBSWY3DP"
    verify_keys()


def test_tells_after_each_batch_how_far_it_is(settings, monkeypatch):
    monkeypatch.setattr("clinic.management.commands.rotate_encryption_keys.BATCH_SIZE", 2)
    leads.NoteFactory.create_batch(3)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    printed = [line for line in rotate().splitlines() if line.startswith("signups_note.text")]
    assert printed == [f"signups_note.text: {words}" for words in ("2 so far", "3 so far", "3 rewritten")]


def test_second_run_finds_nothing_to_do(note, app, settings):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    rotate()
    before = token(note)
    assert "Done: 0 in all." in rotate()
    assert token(note) == before


def test_stops_at_what_no_key_reads_and_loses_nothing(note, settings):
    before = token(note)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(encryption.DecryptionError):
        rotate()
    assert token(note) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", [["run_worker", "--once"]])
def test_nothing_starts_with_the_wrong_keys(command):
    ensure_key_check()
    wrong = Fernet.generate_key().decode()
    process = processes.manage(*command, DATABASE_URL=processes.database_url(), ENCRYPTION_KEYS=wrong)
    output, _ = process.communicate(timeout=WAIT_TIMEOUT)
    assert process.returncode != 0
    assert "ENCRYPTION_KEYS cannot read this database" in output


@pytest.mark.django_db(transaction=True)
def test_site_does_not_start_with_the_wrong_keys():
    ensure_key_check()
    with processes.manage(
        "shell",
        "-c",
        "import clinic.wsgi",
        DATABASE_URL=processes.database_url(),
        ENCRYPTION_KEYS=Fernet.generate_key().decode(),
    ) as process:
        output, _ = process.communicate(timeout=WAIT_TIMEOUT)
    assert isinstance(process, subprocess.Popen)
    assert process.returncode != 0
    assert "ENCRYPTION_KEYS cannot read this database" in output
