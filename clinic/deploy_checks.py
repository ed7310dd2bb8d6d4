"""Checks of `manage.py check --deploy`: mail that arrives, and somebody who reads what comes back."""

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
