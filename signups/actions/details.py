"""What people change about how we reach them."""

import datetime as dt

from django.db import transaction

from signups.models import Lead
from signups.states import Verb

from . import events
from .held import locked


@transaction.atomic
def change(lead: Lead, *, by: events.Actor, now: dt.datetime, **told: str) -> None:
    """Sets the fields of `told`; the event names which changed, and never what they said before or say now.

    Raises Gone.
    """
    lead = locked(lead)
    changed = sorted(name for name, value in told.items() if getattr(lead, name) != value)
    if changed:
        Lead.objects.filter(pk=lead.pk).update(**told)
        events.record(lead, Verb.DETAILS_CHANGED, by=by, now=now, changed=changed)
