"""Manual e-mails: sent by staff from the desk, worded by an EmailTemplate."""

import datetime as dt
from collections.abc import Mapping
from functools import partial

from django.utils.html import escape, format_html, linebreaks
from django.utils.safestring import mark_safe

from clinic.lib import normalization
from signups.consents.contact_policy import may_email
from signups.leads.models import Lead
from signups.offer import current_offer

from .choices import EmailPurpose
from .kinds import MessageKind, register
from .models import OutboxMessage
from .outbox import RenderedEmail, enqueue, portal_link_context, render, unique_occasion
from .template_models import EmailTemplate, fill


def _still_allowed(purpose: EmailPurpose, message: OutboxMessage, now: dt.datetime) -> bool:
    """Return whether `message` may still be sent: same address, and policy allows it."""
    news = purpose == EmailPurpose.MARKETING
    return message.to == message.lead.email and may_email(message.lead, now, news=news).allowed


MANUAL_EMAIL_KINDS: Mapping[str, MessageKind] = {
    EmailPurpose.TRANSACTIONAL: register(
        MessageKind(
            "manual_transactional",
            "Staff email: care",
            still_relevant=partial(_still_allowed, EmailPurpose.TRANSACTIONAL),
        )
    ),
    EmailPurpose.MARKETING: register(
        MessageKind(
            "manual_marketing",
            "Staff email: newsletter",
            still_relevant=partial(_still_allowed, EmailPurpose.MARKETING),
        )
    ),
}


def preview_manual_email(lead: Lead, template: EmailTemplate) -> RenderedEmail:
    """Return the e-mail that `manual_email` would enqueue."""
    return render(MANUAL_EMAIL_KINDS[template.purpose], lead, _context(lead, template))


def manual_email(lead: Lead, template: EmailTemplate, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue `template` to `lead`. Not idempotent."""
    return enqueue(
        MANUAL_EMAIL_KINDS[template.purpose], lead, unique_occasion(), now=now, context=_context(lead, template)
    )


def _context(lead: Lead, template: EmailTemplate) -> dict[str, str]:
    """Return the template context: subject and text with placeholders filled."""
    clinic, my = current_offer(), portal_link_context(lead)["my"]
    values = {
        "first_name": normalization.first_name(lead.name),
        "clinic": clinic.clinic_name,
        "clinic_phone": clinic.clinic_phone,
        "my_link": my,
    }
    escaped: Mapping[str, str] = {name: escape(value) for name, value in values.items()}
    link = format_html('<a href="{}">{}</a>', my, my)
    html = mark_safe(linebreaks(fill(escape(template.text), {**escaped, "my_link": link})))  # noqa: S308  (escaped here)
    return {"title": fill(template.subject, values), "words": fill(template.text, values), "marked": html}
