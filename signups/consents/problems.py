"""Note that an address or number does not work, and that it works again.

The marks are on the lead (`email_bounced_at`, `email_failure`, `texts_failed_at`); `contact_policy` and the outbox ask
them. A changed address or number is free of its mark (`leads/contact_details.py`).
"""

import datetime as dt

from django.db import transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.leads.choices import COMPLAINT, Channel
from signups.leads.contact_details import confirm_number
from signups.leads.models import Lead


@transaction.atomic
def note_email_failure(lead: Lead, *, code: str, now: dt.datetime) -> None:
    """Note that mail to `lead` comes back with `code`, or that they marked it as spam (COMPLAINT). Idempotent."""
    marked = Lead.objects.live().filter(pk=lead.pk, email_bounced_at=None)
    if marked.update(email_bounced_at=now, email_failure=code[:60]):
        record_event(lead, AuditAction.ADDRESS_FAILED, by=ActorKind.SYSTEM, now=now, channel=Channel.EMAIL)


def note_complaint(lead: Lead, *, now: dt.datetime) -> None:
    """Note that they marked our mail as spam. Idempotent."""
    note_email_failure(lead, code=COMPLAINT, now=now)


@transaction.atomic
def note_texts_failure(lead: Lead, *, now: dt.datetime) -> None:
    """Note that the number of `lead` cannot receive texts. Idempotent."""
    if Lead.objects.live().filter(pk=lead.pk, texts_failed_at=None).update(texts_failed_at=now):
        record_event(lead, AuditAction.ADDRESS_FAILED, by=ActorKind.SYSTEM, now=now, channel=Channel.TEXT)


@transaction.atomic
def clear_failure(lead: Lead, channel: Channel, *, by: Actor, now: dt.datetime) -> None:
    """Send to the address (EMAIL) or texts to the number (TEXT), or call the number (CALL), again. Idempotent."""
    if channel == Channel.EMAIL:
        failing = Lead.objects.filter(pk=lead.pk, email_bounced_at__isnull=False)
        cleared = failing.update(email_bounced_at=None, email_failure="")
    elif channel == Channel.CALL:
        cleared = Lead.objects.filter(pk=lead.pk, wrong_number_at__isnull=False).exists()
        confirm_number(lead, by=by, now=now)
    else:
        cleared = Lead.objects.filter(pk=lead.pk, texts_failed_at__isnull=False).update(texts_failed_at=None)
    if cleared:
        record_event(lead, AuditAction.ADDRESS_WORKS, by=by, now=now, channel=channel)
