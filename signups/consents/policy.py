"""Consent policy: whether a lead may be contacted; for pages, lists and outbox."""

import datetime as dt

from django.conf import settings

from clinic.lib import contact_hours
from signups.leads.choices import Channel
from signups.leads.models import Lead

from .choices import ConsentPurpose
from .suppression_models import Suppression

BOOKED_CALL_LEAD = dt.timedelta(hours=1)  # how long before a booked call its person may be called about it


def agrees_to(lead: Lead, purpose: ConsentPurpose) -> bool:
    """Return whether the latest consent row of `purpose` grants it."""
    return lead.consents.in_force().filter(text__purpose=purpose).exists()


def can_call(lead: Lead, now: dt.datetime) -> bool:
    """Return whether staff may call `lead` at `now`.

    Requires a number, consent to calls, a booked call or an open callback, and a local time from 8 a.m. to 9 p.m. in
    every zone that may be theirs (47 CFR 64.1200(c)(1)), except during a booked call, whose hour the person chose. A
    suppressed number (of an erased lead) needs a booked call, an open callback, or consent that lifted the suppression.
    """
    if not lead.phone or lead.special_number:
        return False
    calls = lead.calls.booked().filter(starts_at__lte=now + BOOKED_CALL_LEAD, ends_at__gt=now)
    booked = calls.order_by("starts_at").first()
    if booked and booked.starts_at <= now:
        return True
    if not contact_hours.CALLING_HOURS.contains(now, *lead.contact_zones()):
        return False
    if booked or lead.callbacks.filter(closed_at=None).exists():
        return True
    return agrees_to(lead, ConsentPurpose.CALLS) and not Suppression.objects.of(lead.phone_e164).exists()


def why_no_texts(lead: Lead) -> str:
    """Return why `lead` may not be sent texts, as a sentence, or "".

    Texts need a number that can take them and consent (47 CFR 64.1200(a)).
    """
    if not settings.TEXT_BACKEND:
        return "The clinic sends no texts."
    if not lead.phone_e164:
        return "They gave no phone number."
    if not agrees_to(lead, ConsentPurpose.TEXTS):
        return "They have not agreed to texts, or withdrew their permission."
    if Suppression.objects.of(lead.phone_e164).exists():
        return "Whoever has this number had their data deleted and wants no texts."
    return ""


def wants_texts(lead: Lead) -> bool:
    """Return whether `lead` chose texts and may be sent them."""
    return lead.preferred_channel == Channel.TEXT and not why_no_texts(lead)
