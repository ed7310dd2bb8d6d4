"""A stolen copy of the database shows no note and no secret of a second step, and keys rotate."""

import subprocess
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from clinic.lib.encryption import DecryptionError
from clinic.staff_auth.adapters import MFAAdapter
from signups.leads.note_models import Note
from tests.factories import leads, users

pytestmark = pytest.mark.django_db(transaction=True)

TEXT, SECRET = "prefers the early morning", "JBSWY3DPEHPK3PXP"


def stolen(tmp_path):
    """Every byte of a backup, as a thief reads it."""
    file = tmp_path / "stolen.backup"
    call_command("backup", str(file), stdout=StringIO())
    if connection.vendor == "sqlite":
        return file.read_bytes()
    return subprocess.run(["pg_restore", "--file=-", file], capture_output=True, check=True).stdout


@pytest.fixture(autouse=True)
def secrets():
    leads.NoteFactory(text=TEXT)
    data = {"secret": MFAAdapter().encrypt(SECRET)}
    Authenticator.objects.create(user=users.UserFactory(username="thief-sees-me"), type="totp", data=data)


def test_secrets_are_not_in_the_copy(tmp_path):
    copy = stolen(tmp_path)
    assert b"thief-sees-me" in copy
    assert TEXT.encode() not in copy
    assert SECRET.encode() not in copy


def test_without_the_key_nothing_is_read(settings):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(DecryptionError):
        Note.objects.get()


def test_keys_rotate(settings):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    call_command("rotate_encryption_keys", stdout=StringIO())
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert Note.objects.get().text == TEXT
    assert MFAAdapter().decrypt(Authenticator.objects.get().data["secret"]) == SECRET
