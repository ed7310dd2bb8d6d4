"""Checks of `manage.py check --deploy`: mail that arrives and is read, and encrypted connections."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, Tags, Warning, register  # noqa: A004  (Django's names)

MAIL_RECORDS = (
    "Mail arrives when the domain of the clinic's mailbox has an SPF record that names the mail server, a DKIM key "
    "with which it signs, and a DMARC policy; and when the mail server's address has a PTR record. "
    "docs/operating.md says how to check them; `manage.py send_test` sends one message of each kind."
)


@register(Tags.security, deploy=True)
def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Name what keeps mail from arriving, or bounces from being noticed."""
    found: list[CheckMessage] = [Info(MAIL_RECORDS, id="clinic.I001")]
    if not settings.IMAP_HOST and not settings.EMAIL_PROVIDER:
        found.append(
            Info(
                "Nothing reads what comes back: bounces, complaints and replies stay in the clinic's mailbox.",
                hint="Set IMAP_HOST, or have somebody read the mailbox every day.",
                id="clinic.I002",
            )
        )
    elsewhere = settings.EMAIL_HOST not in ("", "localhost", "127.0.0.1")
    if elsewhere and settings.EMAIL_SECURITY == "none":
        found.append(
            Warning(
                "Mail with private links goes to EMAIL_HOST unencrypted.",
                hint="Set EMAIL_SECURITY to starttls or tls.",
                id="clinic.W010",
            )
        )
    if settings.IMAP_HOST and settings.IMAP_SECURITY == "none":
        found.append(
            Warning(
                "The clinic's mailbox is read unencrypted.",
                hint="Set IMAP_SECURITY to tls or starttls.",
                id="clinic.W011",
            )
        )
    return found


@register(Tags.security, deploy=True)
def check_database_connection(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Name a database on another machine that is reached unencrypted, or without knowing that it is the right one."""
    database = settings.DATABASES["default"]
    here = database.get("HOST", "") in ("", "localhost", "127.0.0.1", "::1") or database["HOST"].startswith("/")
    if here or database["OPTIONS"].get("sslmode") in ("verify-full", "verify-ca"):
        return []
    return [
        Warning(
            "DATABASE_URL leads to another machine, and nothing proves over TLS that it is the right one.",
            hint="Add ?sslmode=verify-full&sslrootcert=… to it.",
            id="clinic.W012",
        )
    ]
