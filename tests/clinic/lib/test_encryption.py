"""Encryption at rest, and reading without the key."""

import pytest
from cryptography.fernet import Fernet

from clinic.lib import encryption


def test_only_a_key_holder_reads_it(settings):
    token = encryption.encrypt("she likes mornings – 李")
    assert "mornings" not in token
    assert encryption.decrypt(token) == "she likes mornings – 李"
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(encryption.DecryptionError):
        encryption.decrypt(token)


def test_a_new_first_key_still_reads_what_the_old_one_wrote(settings):
    token = encryption.encrypt("a note")
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    assert encryption.decrypt(token) == "a note"


def test_tampering_is_noticed():
    token = encryption.encrypt("a note")
    with pytest.raises(encryption.DecryptionError):
        encryption.decrypt(token[:-3] + "abc")


def test_empty_stays_empty():
    assert encryption.decrypt(encryption.encrypt("")) == ""


def test_ciphertext_is_not_searched():
    assert encryption.EncryptedTextField().get_lookup("icontains") is None
