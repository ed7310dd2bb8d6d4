"""What `check --deploy` says about mail and the connection to the database."""

import pytest

from clinic.deploy_checks import check_database_connection, check_mail


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({}, ["clinic.I001", "clinic.I002"]),
        ({"IMAP_HOST": "imap.example"}, ["clinic.I001"]),
        ({"EMAIL_PROVIDER": "mailgun"}, ["clinic.I001"]),
        ({"EMAIL_HOST": "smtp.example", "EMAIL_SECURITY": "none"}, ["clinic.I001", "clinic.I002", "clinic.W010"]),
        ({"EMAIL_HOST": "127.0.0.1", "EMAIL_SECURITY": "none"}, ["clinic.I001", "clinic.I002"]),
        ({"IMAP_HOST": "imap.example", "IMAP_SECURITY": "none"}, ["clinic.I001", "clinic.W011"]),
    ],
)
def test_what_keeps_mail_from_arriving_is_named(settings, changed, ids):
    settings.EMAIL_HOST, settings.IMAP_HOST = "", ""
    for name, value in changed.items():
        setattr(settings, name, value)
    assert [message.id for message in check_mail(None)] == ids


@pytest.mark.parametrize(
    ("host", "options", "ids"),
    [
        ("", {}, []),
        ("/var/run/postgresql", {}, []),
        ("localhost", {}, []),
        ("db.example", {}, ["clinic.W012"]),
        ("db.example", {"sslmode": "prefer"}, ["clinic.W012"]),
        ("db.example", {"sslmode": "require"}, ["clinic.W012"]),
        ("db.example", {"sslmode": "verify-full"}, []),
    ],
)
def test_a_database_elsewhere_is_reached_over_verified_tls(settings, monkeypatch, host, options, ids):
    monkeypatch.setitem(settings.DATABASES, "default", {"HOST": host, "OPTIONS": options})
    assert [message.id for message in check_database_connection(None)] == ids
