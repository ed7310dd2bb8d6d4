"""Contact: what counts as one, and what follows from it.

A contact is an attempt on a callback, an outreach attempt, an e-mail or text from the desk, an onboarding call that was
completed or missed, a call of theirs that staff took, and a status that staff set by hand. Somebody reached is no
longer new, whoever reached them. Status, next step, last contact, lists, charts and exports all read what is written
here.
"""

import datetime as dt
import uuid
from typing import Any

from django.db import models, transaction
from django.db.models.functions import Coalesce, Greatest, Least

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction

from .choices import CONTACTED_STATUSES, LeadStatus
from .models import Lead


@transaction.atomic
def record_contact(
    lead: Lead,
    action: AuditAction,
    *,
    by: Actor,
    now: dt.datetime,
    reached: bool = False,
    at: dt.datetime | None = None,
    idempotency_key: uuid.UUID | None = None,
    **detail: Any,
) -> None:
    """Write the audit event of a contact with `lead`, and its time; `at` is when it took place, by default `now`.

    `reached`: somebody spoke with them, which moves a new lead to contacted.
    """
    record_event(lead, action, by=by, now=now, idempotency_key=idempotency_key, **detail)
    note_contact(lead, at or now)
    if reached:
        mark_contacted(lead, by=by, now=now)


def note_contact(lead: Lead, at: dt.datetime) -> None:
    """Extend the span from first to last contact of `lead` to `at`."""
    moment = models.Value(at, output_field=models.DateTimeField())
    Lead.objects.filter(pk=lead.pk).update(
        first_contact_at=Least(Coalesce("first_contact_at", moment), moment),
        last_contact_at=Greatest(Coalesce("last_contact_at", moment), moment),
    )


def mark_contacted(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """Move a new lead to contacted, whoever made the contact; any other status stays."""
    if Lead.objects.filter(pk=lead.pk, status=LeadStatus.NEW).update(status=LeadStatus.CONTACTED):
        seen, to = LeadStatus.NEW.value, LeadStatus.CONTACTED.value
        record_event(lead, AuditAction.MOVED, by=by, now=now, seen=seen, to=to)
        lead.status = LeadStatus.CONTACTED


# Somebody may have been reached by these, whatever came of them.
REACHING = (AuditAction.CALL_ATTEMPTED, AuditAction.TRIED, AuditAction.CALL_COMPLETED, AuditAction.INCOMING)


def unmark_contacted(lead: Lead, *, since: dt.datetime, by: Actor, now: dt.datetime) -> None:
    """Move a lead back to new that `mark_contacted` moved at `since` by mistake, unless somebody reached them later."""
    moved = lead.events.filter(action=AuditAction.MOVED).order_by("-occurred_at", "-id").first()
    seen, to = LeadStatus.NEW.value, LeadStatus.CONTACTED.value
    if moved is None or moved.occurred_at != since or (moved.detail["seen"], moved.detail["to"]) != (seen, to):
        return
    if lead.events.filter(occurred_at__gt=since, action__in=REACHING).exists():
        return
    if Lead.objects.filter(pk=lead.pk, status=to).update(status=seen):
        record_event(lead, AuditAction.MOVED, by=by, now=now, seen=to, to=seen)


# Leads with a contact, or brought in with a status that implies one.
HAD_CONTACT = models.Q(last_contact_at__isnull=False) | models.Q(status__in=CONTACTED_STATUSES)
