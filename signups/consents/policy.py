"""Consent policy: whether a lead may be contacted, asked by pages, lists and the outbox alike."""

import datetime as dt

from clinic.lib import contact_hours
from signups.leads.models import Lead

from .choices import ConsentPurpose
from .suppression_models import Suppression


def agrees_to(lead: Lead, purpose: ConsentPurpose) -> bool:
    """Return whether the latest consent row of `purpose` grants it."""
    return lead.consents.in_force().filter(text__purpose=purpose).exists()


def can_call(lead: Lead, now: dt.datetime) -> bool:
    """Return whether staff may call `lead` now: a number, consent or an open callback, 8 a.m. to 9 p.m. local time.

    A suppressed number (of somebody erased) needs consent that is known to come from its owner. (47 CFR 64.1200(c)(1))
    """
    if not lead.phone or not contact_hours.CALLING_HOURS.contains(now, lead.time_zone):
        return False
    if lead.callbacks.filter(closed_at=None).exists():
        return True
    return agrees_to(lead, ConsentPurpose.CALLS) and not Suppression.objects.of(lead.phone_e164).exists()
