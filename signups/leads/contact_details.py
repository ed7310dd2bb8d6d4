"""What people change about how we reach them."""

import datetime as dt

from django.db import transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction

from .locking import lock_lead
from .models import Lead


@transaction.atomic
def update_contact_details(lead: Lead, *, by: Actor, now: dt.datetime, **told: str) -> None:
    """Sets the fields of `told`; the event names which changed, and never what they said before or say now.

    Raises Gone.
    """
    lead = lock_lead(lead)
    changed = sorted(name for name, value in told.items() if getattr(lead, name) != value)
    if changed:
        Lead.objects.filter(pk=lead.pk).update(**told)
        record_event(lead, AuditAction.DETAILS_CHANGED, by=by, now=now, changed=changed)
