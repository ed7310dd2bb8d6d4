"""Manual e-mails: send a previewed template to a lead."""

import datetime as dt
import uuid

from django.contrib.auth.models import User
from django.db import transaction

from signups.audit.actions import record_event
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.leads.actions import lock_lead_for_staff
from signups.leads.locking import ActionError
from signups.leads.models import Lead

from .choices import EmailPurpose
from .emails import MANUAL_EMAIL_KINDS, manual_email, preview_manual_email
from .outbox import under_hourly_limit
from .send_policy import why_not_allowed
from .template_models import EmailTemplate


@transaction.atomic
def send_manual_email(
    *, lead: Lead, template: EmailTemplate, seen: str, form_key: uuid.UUID, by: User, now: dt.datetime
) -> None:
    """Enqueue the e-mail that `by` previewed; `seen` is the digest of that preview.

    Idempotent by `form_key`. Raises ActionError, also when the e-mail has changed since the preview, and
    LeadUnavailable.
    """
    lead = lock_lead_for_staff(lead, by)
    if AuditEvent.objects.filter(idempotency_key=form_key).exists():
        return
    if why := why_not_allowed(lead, EmailPurpose(template.purpose)):
        raise ActionError(why)
    if preview_manual_email(lead, template).digest() != seen:
        raise ActionError("This email has changed since you previewed it. Review it again.")
    if not under_hourly_limit(lead, MANUAL_EMAIL_KINDS[template.purpose], now=now):
        raise ActionError("Limit reached: no more emails to this person this hour.")
    manual_email(lead, template, now=now)
    record_event(lead, AuditAction.MAILED, by=by, now=now, idempotency_key=form_key, template=template.pk)
