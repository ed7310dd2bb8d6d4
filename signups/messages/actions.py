"""Manual messages: send a previewed template, or a text, to a lead."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.consents.contact_policy import may_email, permits_texts
from signups.leads.access import lock_lead_for_contact
from signups.leads.contact import record_contact
from signups.leads.locking import ActionError
from signups.leads.models import Lead

from .choices import EmailPurpose
from .emails import MANUAL_EMAIL_KINDS, manual_email, preview_manual_email
from .outbox import under_hourly_limit
from .template_models import EmailTemplate
from .texts import MANUAL_TEXT, manual_text


@transaction.atomic
def send_manual_email(
    *,
    lead: Lead,
    template: EmailTemplate,
    seen: str,
    form_key: uuid.UUID,
    by: User,
    now: dt.datetime,
    subject: str = "",
    text: str = "",
) -> None:
    """Enqueue the e-mail that `by` previewed; `seen` is the digest of that preview.

    `subject` and `text` are the words of this one e-mail, where `by` edited those of the template.

    Idempotent by `form_key`. Raises ActionError, also when the e-mail has changed since the preview, and
    LeadUnavailable.
    """
    lead, template = lock_lead_for_contact(lead, by, now), template.reworded(subject, text)
    if AuditEvent.objects.filter(idempotency_key=form_key).exists():
        return
    permitted = may_email(lead, now, news=template.purpose == EmailPurpose.MARKETING)
    if not permitted.allowed:
        raise ActionError(permitted.reason)
    if preview_manual_email(lead, template).digest() != seen:
        raise ActionError("This email has changed since you previewed it. Review it again.")
    if not under_hourly_limit(lead, MANUAL_EMAIL_KINDS[template.purpose], now=now):
        raise ActionError("Limit reached: no more emails to this person this hour.")
    manual_email(lead, template, now=now)
    detail: dict[str, Any] = {"template": template.pk} | ({"edited": True} if subject or text else {})
    record_contact(lead, AuditAction.MAILED, by=by, now=now, idempotency_key=form_key, **detail)


@transaction.atomic
def send_manual_text(*, lead: Lead, words: str, form_key: uuid.UUID, by: User, now: dt.datetime) -> None:
    """Enqueue a text that `by` wrote; it waits for the hours in which they may be called.

    Idempotent by `form_key`. Raises ActionError, LeadUnavailable.
    """
    lead = lock_lead_for_contact(lead, by, now)
    if AuditEvent.objects.filter(idempotency_key=form_key).exists():
        return
    permitted = permits_texts(lead)
    if not permitted.allowed:
        raise ActionError(permitted.reason)
    if not under_hourly_limit(lead, MANUAL_TEXT, now=now):
        raise ActionError("Limit reached: no more texts to this person this hour.")
    manual_text(lead, words, now=now)
    record_contact(lead, AuditAction.TEXTED, by=by, now=now, idempotency_key=form_key)
