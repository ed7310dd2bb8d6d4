"""Build the email of an outbox message."""

from email.utils import format_datetime, formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from clinic.lib import normalization
from signups.leads import links as lead_links
from signups.leads.choices import TERMINAL_STATUSES
from signups.offer import current_offer

from . import kinds
from .models import OutboxMessage


def build_email(message: OutboxMessage) -> EmailMultiAlternatives:
    """Build the email to send.

    Every attempt has the same Message-ID, and as Date the moment of the first attempt (RFC 5322 §3.6.1).
    """
    clinic = current_offer()
    domain = clinic.mailbox.rpartition("@")[2]
    headers = {
        "Message-ID": f"<{message.pk}@{domain}>",
        "Date": format_datetime(message.first_attempt_at or message.send_at),
        "Auto-Submitted": "auto-generated",  # RFC 3834: suppresses out-of-office replies
    }
    if message.lead.status not in TERMINAL_STATUSES and not kinds.get(message.kind).to_staff:
        headers["List-Unsubscribe"] = f"<{lead_links.unsubscribe_url(message.lead)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    if settings.EMAIL_PROVIDER == "postmark":
        headers["X-PM-KeepID"] = "true"  # otherwise it replaces the Message-ID
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=formataddr((normalization.single_line(clinic.clinic_name), clinic.mailbox)),
        to=[message.to],
        headers=headers,
    )
    mail.metadata = {"message": str(message.pk)}  # type: ignore[attr-defined]  # for the reports of a mail provider
    mail.attach_alternative(message.html, "text/html")
    if message.calendar:
        # An alternative part, where mail programs expect an invitation; its method is stated twice (RFC 6047 §2.4).
        # The interfaces of mail providers know no such part: there it is an attached file.
        calendar_type = f"text/calendar; method={message.calendar_method}"
        if settings.EMAIL_PROVIDER:
            mail.attach("invite.ics", message.calendar, calendar_type)
        else:
            mail.attach_alternative(message.calendar, calendar_type)
    return mail
