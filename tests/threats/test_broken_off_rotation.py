"""A key rotation that broke off is noticed when the old key is taken away."""

import io

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from clinic.lib import encryption
from clinic.management.commands import rotate_encryption_keys
from signups.ops import key_check
from tests.factories import leads

pytestmark = pytest.mark.django_db


def test_the_check_value_is_rewritten_last(settings, monkeypatch):
    key_check.ensure_key_check()
    leads.NoteFactory.create_batch(3)
    new, old = Fernet.generate_key().decode(), settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = [new, *old]
    genuine, rotated = encryption.rotate, []

    def break_off(token):
        if len(rotated) == 2:
            raise KeyboardInterrupt
        rotated.append(token)
        return genuine(token)

    monkeypatch.setattr(rotate_encryption_keys.encryption, "rotate", break_off)
    with pytest.raises(KeyboardInterrupt):
        call_command("rotate_encryption_keys", stdout=io.StringIO())
    settings.ENCRYPTION_KEYS = [new]
    with pytest.raises(encryption.DecryptionError, match="rotate_encryption_keys"):
        key_check.verify_keys()
    settings.ENCRYPTION_KEYS = [new, *old]
    monkeypatch.setattr(rotate_encryption_keys.encryption, "rotate", genuine)
    call_command("rotate_encryption_keys", stdout=io.StringIO())
    settings.ENCRYPTION_KEYS = [new]
    key_check.verify_keys()
