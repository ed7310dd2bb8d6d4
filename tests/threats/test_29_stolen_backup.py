"""A stolen copy of the database shows no note and no secret of a second step, and keys rotate."""

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from clinic.sign_in import MFAAdapter
from signups.encryption import Unreadable
from signups.models import Note
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

TEXT, SECRET = "prefers the early morning", "JBSWY3DPEHPK3PXP"


def stolen(tmp_path):
    """Every byte of the database, as a thief gets it."""
    if connection.vendor == "sqlite":
        copy = tmp_path / "stolen"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        return copy.read_bytes()
    tables = connection.introspection.table_names()
    dump = b""
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            dump += "\n".join(row for (row,) in cursor.fetchall()).encode()
    return dump


@pytest.fixture(autouse=True)
def secrets():
    factories.NoteFactory(text=TEXT)
    data = {"secret": MFAAdapter().encrypt(SECRET)}
    Authenticator.objects.create(user=factories.UserFactory(username="thief-sees-me"), type="totp", data=data)


def test_secrets_are_not_in_the_copy(tmp_path):
    copy = stolen(tmp_path)
    assert b"thief-sees-me" in copy
    assert TEXT.encode() not in copy
    assert SECRET.encode() not in copy


def test_without_the_key_nothing_is_read(settings):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(Unreadable):
        Note.objects.get()


def test_keys_rotate(settings):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    call_command("rotate_keys", stdout=StringIO())
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert Note.objects.get().text == TEXT
    assert MFAAdapter().decrypt(Authenticator.objects.get().data["secret"]) == SECRET
