"""Settings: invalid environment variables are rejected at start."""

import json
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from tests.processes import ROOT

SECRET = "x" * 60
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": SECRET,
    "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "AUDIT_KEYS": SECRET,
    "PRIVACY_KEYS": SECRET,
    "ALLOWED_HOSTS": "clinic.example",
    "EMAIL_HOST": "smtp.example",
    "DATABASE_URL": "postgres://clinic@db.example/clinic",
}
SHOWN = (
    "DEBUG",
    "SITE_URL",
    "SECURE_SSL_REDIRECT",
    "SESSION_COOKIE_NAME",
    "EMAIL_BACKEND",
    "TEXT_BACKEND",
    "DATABASES",
)


def start(tmp_path, **environment):
    """Run a process with exactly this environment.

    Returns (exit code, settings or last line of the error).
    """
    code = f"""
import json, django
from django.conf import settings
print(json.dumps({{name: getattr(settings, name) for name in {SHOWN!r}}}, default=str))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "DJANGO_SETTINGS_MODULE": "clinic.settings",
            "ENV_FILE": "",
            "PATH": "/usr/bin:/bin",
            "DATA_DIR": str(tmp_path),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return done.returncode, done.stderr.strip().splitlines()[-1]
    return 0, json.loads(done.stdout)


def test_production_starts_with_what_it_needs(tmp_path):
    code, settings = start(tmp_path, **PRODUCTION)
    assert code == 0
    assert (settings["DEBUG"], settings["SITE_URL"], settings["SECURE_SSL_REDIRECT"]) == (
        False,
        "https://clinic.example",
        True,
    )
    assert settings["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert settings["DATABASES"]["default"]["OPTIONS"]["pool"] == {"min_size": 1, "max_size": 8, "timeout": 5}


def test_nothing_outlives_a_transaction_so_that_a_pooler_may_stand_between(tmp_path):
    _, settings = start(tmp_path, **PRODUCTION)
    assert settings["DATABASES"]["default"]["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_production_is_what_nothing_at_all_means(tmp_path):
    code, error = start(tmp_path)
    assert code != 0
    assert "Production needs SECRET_KEY, ENCRYPTION_KEYS, AUDIT_KEYS, PRIVACY_KEYS, ALLOWED_HOSTS, EMAIL_HOST" in error


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "ENCRYPTION_KEYS", "AUDIT_KEYS", "PRIVACY_KEYS", "ALLOWED_HOSTS", "EMAIL_HOST"]
)
def test_production_names_what_is_missing(tmp_path, name):
    code, error = start(tmp_path, **{**PRODUCTION, name: ""})
    assert (code != 0, f"Production needs {name} " in error) == (True, True)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"ENVIRONMENT": "prod"}, "ENVIRONMENT"),
        ({"DEBUG": "perhaps"}, "DEBUG"),
        ({"DEBUG": "true"}, "DEBUG=true"),
        ({"EMAIL_PORT": "smtp"}, "EMAIL_PORT"),
        ({"EMAIL_SECURITY": "please"}, "EMAIL_SECURITY"),
        ({"TRUSTED_PROXY_COUNT": "-1"}, "TRUSTED_PROXY_COUNT"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is shorter"),
        ({"AUDIT_KEYS": "short"}, "AUDIT_KEYS are at least"),
        ({"PRIVACY_KEYS": "short"}, "PRIVACY_KEYS are at least"),
        ({"ENCRYPTION_KEYS": "abc"}, "ENCRYPTION_KEYS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS=*"),
        ({"SITE_URL": "http://clinic.example"}, "SITE_URL"),
        ({"SITE_URL": "clinic.example"}, "SITE_URL"),
        ({"DATABASE_URL": "mysql://db.example/clinic"}, "DATABASE_URL must name PostgreSQL or SQLite"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path, environment, message):
    code, error = start(tmp_path, **{**PRODUCTION, **environment})
    assert (code != 0, message in error) == (True, True), error


TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "secret", "TWILIO_SENDER": "+12125550100"}


@pytest.mark.parametrize("left_out", TWILIO)
def test_half_a_provider_of_texts_is_refused(tmp_path, left_out):
    half = {name: value for name, value in TWILIO.items() if name != left_out}
    code, error = start(tmp_path, **PRODUCTION, TEXT_PROVIDER="twilio", **half)
    assert code != 0
    assert f"TEXT_PROVIDER=twilio needs {left_out} too" in error
    code, error = start(tmp_path, **PRODUCTION, **half)
    assert code != 0
    assert "without TEXT_PROVIDER=twilio would do nothing" in error


MAILGUN = {
    "EMAIL_PROVIDER_KEY": "key",
    "EMAIL_PROVIDER_DOMAIN": "mg.clinic.example",
    "EMAIL_WEBHOOK_SECRET": "user:password",
    "EMAIL_WEBHOOK_SIGNING_KEY": "signing",
}


@pytest.mark.parametrize("left_out", MAILGUN)
def test_half_a_mail_provider_is_refused(tmp_path, left_out):
    half = {name: value for name, value in MAILGUN.items() if name != left_out}
    code, error = start(tmp_path, **{**PRODUCTION, "EMAIL_HOST": ""}, EMAIL_PROVIDER="mailgun", **half)
    assert code != 0
    assert f"EMAIL_PROVIDER=mailgun needs {left_out} too" in error


def test_mail_goes_one_way_only(tmp_path):
    whole = start(tmp_path, **{**PRODUCTION, "EMAIL_HOST": ""}, EMAIL_PROVIDER="mailgun", **MAILGUN)
    assert whole[1]["EMAIL_BACKEND"] == "anymail.backends.mailgun.EmailBackend"
    code, error = start(tmp_path, **PRODUCTION, EMAIL_PROVIDER="mailgun", **MAILGUN)
    assert code != 0
    assert "choose one of them" in error


@pytest.mark.parametrize(
    ("half", "message"),
    [
        ({"IMAP_HOST": "imap.example"}, "IMAP_HOST needs IMAP_USER, IMAP_PASSWORD too"),
        ({"IMAP_USER": "care"}, "IMAP_USER without IMAP_HOST would do nothing"),
    ],
)
def test_half_a_mailbox_is_refused(tmp_path, half, message):
    code, error = start(tmp_path, **PRODUCTION, **half)
    assert code != 0
    assert message in error


def test_texts_are_sent_where_they_can_be(tmp_path):
    assert start(tmp_path, **PRODUCTION)[1]["TEXT_BACKEND"] == ""
    whole = start(tmp_path, **PRODUCTION, TEXT_PROVIDER="twilio", **TWILIO)
    assert whole[1]["TEXT_BACKEND"] == "clinic.text_backends.TwilioBackend"
    assert start(tmp_path, ENVIRONMENT="local")[1]["TEXT_BACKEND"] == "clinic.text_backends.TextFileBackend"


def test_every_mistake_is_told_at_once(tmp_path):
    _, error = start(tmp_path, **{**PRODUCTION, "DEBUG": "perhaps", "EMAIL_PORT": "smtp"})
    assert "DEBUG" in error
    assert "EMAIL_PORT" in error


def test_one_machine_needs_nothing(tmp_path):
    code, settings = start(tmp_path, ENVIRONMENT="local")
    assert code == 0
    assert (settings["DEBUG"], settings["EMAIL_BACKEND"]) == (False, "clinic.email_backend.FileBackend")
    assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / "clinic.sqlite3")


def test_key_of_one_machine_is_its_own_and_stays(tmp_path):
    for _ in range(2):
        start(tmp_path, ENVIRONMENT="local")
    for name in ("secret_key", "encryption_key", "audit_key"):
        key = tmp_path / name
        first = key.read_text()
        start(tmp_path, ENVIRONMENT="local")
        assert (key.read_text(), len(first) > 40, oct(key.stat().st_mode)[-3:]) == (first, True, "600")


def test_example_file_names_every_default(tmp_path):
    """The values of .env.example equal the defaults."""
    example = [line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line]
    values = {name: value for name, value in example if not name.startswith("#")}
    kept = {
        name: value
        for name, value in values.items()
        if value and name not in ("ENVIRONMENT", "DATA_DIR", "TRUSTED_PROXY_COUNT")
    }
    assert start(tmp_path, **PRODUCTION, **kept) == start(tmp_path, **PRODUCTION)
    assert values["ENVIRONMENT"] == "production"
