"""Changes of a lead's contact details and preferences."""

import datetime as dt

from django.db import transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction

from .locking import lock_lead
from .models import Lead


@transaction.atomic
def update_contact_details(lead: Lead, *, by: Actor, now: dt.datetime, **fields: str) -> None:
    """Update the given fields of `lead`; the audit event holds their names, no values.

    Raises LeadUnavailable.
    """
    lead = lock_lead(lead)
    changed = sorted(name for name, value in fields.items() if getattr(lead, name) != value)
    if changed:
        Lead.objects.filter(pk=lead.pk).update(**fields)
        record_event(lead, AuditAction.DETAILS_CHANGED, by=by, now=now, changed=changed)
