"""A key rotation that broke off is noticed when a key is taken away, by the real web server and the real worker."""

import io
import sys

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as django_settings
from django.core.management import call_command

from clinic.lib import encryption
from clinic.management.commands import rotate_encryption_keys
from signups.ops import key_check
from tests import processes
from tests.deployment import site
from tests.factories import leads
from tests.services import WAIT_TIMEOUT

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken_off(monkeypatch):
    """(new key, old keys) of a rotation that was stopped after two of three notes."""
    key_check.ensure_key_check()
    leads.NoteFactory.create_batch(3)
    new, old = Fernet.generate_key().decode(), django_settings.ENCRYPTION_KEYS
    genuine, rotated = encryption.rotate, []

    def break_off(token):
        if len(rotated) == 2:
            raise KeyboardInterrupt
        rotated.append(token)
        return genuine(token)

    with monkeypatch.context() as patch:
        patch.setattr(django_settings, "ENCRYPTION_KEYS", [new, *old])
        patch.setattr(rotate_encryption_keys, "BATCH_SIZE", 1)
        patch.setattr(rotate_encryption_keys.encryption, "rotate", break_off)
        with pytest.raises(KeyboardInterrupt):
            call_command("rotate_encryption_keys", stdout=io.StringIO())
    return new, old


def test_neither_key_may_be_taken_away_before_the_rotation_is_finished(broken_off, settings):
    new, old = broken_off
    for keys in ([new], old):
        settings.ENCRYPTION_KEYS = keys
        with pytest.raises(encryption.DecryptionError, match="rotate_encryption_keys"):
            key_check.verify_keys()
    settings.ENCRYPTION_KEYS = [new, *old]
    key_check.verify_keys()
    call_command("rotate_encryption_keys", stdout=io.StringIO())
    settings.ENCRYPTION_KEYS = [new]
    key_check.verify_keys()
    assert key_check.EncryptionKeyCheck.objects.count() == 1
    assert [note.text for note in leads.Note.objects.all()] == ["Prefers mornings."] * 3


def ended(*argv, keys):
    """(exit code, output) of a process of the site with these keys."""
    process = processes.python(*argv, DATABASE_URL=processes.database_url(), ENCRYPTION_KEYS=",".join(keys))
    said, _ = process.communicate(timeout=WAIT_TIMEOUT)
    return process.returncode, said


@pytest.mark.django_db(transaction=True)
def test_web_and_worker_refuse_to_start_and_name_the_command_that_finishes_it(clinic, broken_off):
    """As systemd starts them; with both keys the command goes on where it stopped, and then they start."""
    new, old = broken_off
    executable, *web = site.command("clinic-web@.service", processes.free_port())
    assert executable == sys.executable
    code, said = ended(*web, keys=[new])
    assert (code != 0, "manage.py rotate_encryption_keys" in said) == (True, True), said
    code, said = ended("manage.py", "run_worker", "--once", keys=[new])
    assert (code, "manage.py rotate_encryption_keys" in said) == (1, True), said
    assert "Traceback" not in said
    code, said = ended("manage.py", "rotate_encryption_keys", keys=[new, *old])
    assert (code, "signups_note.text: 1 rewritten" in said) == (0, True), said
    code, said = ended("manage.py", "run_worker", "--once", keys=[new])
    assert code == 0, said
    assert ended("-c", "import clinic.wsgi", keys=[new])[0] == 0
