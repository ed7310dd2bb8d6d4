"""Changes of a lead's contact details and preferences."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction

from .access import lock_lead_for_contact
from .locking import ActionError, lock_lead
from .models import Lead
from .signals import contact_details_changed, number_found_wrong


@transaction.atomic
def update_contact_details(lead: Lead, *, by: Actor, now: dt.datetime, **fields: Any) -> None:
    """Update the given fields of `lead`; the audit event holds their names, no values.

    The single place through which a change of details reaches the open callback, the booked call and waiting messages
    (`announce_change`). Raises LeadUnavailable, and ActionError when the number goes while a call needs one.
    """
    lead = lock_lead(lead)
    changed = sorted(name for name, value in fields.items() if getattr(lead, name) != value)
    if "email" in changed:
        Lead.objects.filter(pk=lead.pk).update(email_bounced_at=None, email_failure="")
    if "phone_e164" in changed:
        Lead.objects.filter(pk=lead.pk).update(texts_failed_at=None, wrong_number_at=None)
    if changed:
        stated = {"zone_is_guessed": False} if "time_zone" in changed and "zone_is_guessed" not in fields else {}
        Lead.objects.filter(pk=lead.pk).update(**fields, **stated)
        record_event(lead, AuditAction.DETAILS_CHANGED, by=by, now=now, changed=changed)
        announce_change(lead, changed, by=by, now=now)


@transaction.atomic
def correct_contact_details(lead: Lead, *, by: Actor, now: dt.datetime, **fields: Any) -> None:
    """Update details on behalf of staff. Raises ActionError, also when another lead has the email address."""
    lock_lead_for_contact(lead, by, now)
    try:
        with transaction.atomic():
            update_contact_details(lead, by=by, now=now, **fields)
    except IntegrityError:
        raise ActionError("Another lead has this email address.") from None


@transaction.atomic
def state_number(lead: Lead, *, by: Actor, now: dt.datetime, **number: Any) -> None:
    """Store the number to call that somebody just gave, also when it is the one that was found wrong.

    `number` has phone, phone_e164 and phone_extension. Raises LeadUnavailable.
    """
    update_contact_details(lead, by=by, now=now, **number)
    confirm_number(lead, by=by, now=now)


@transaction.atomic
def confirm_number(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """Call at the lead's number again: they said so. Idempotent."""
    locked = lock_lead(lead)
    if locked.wrong_number_at:
        Lead.objects.filter(pk=lead.pk).update(wrong_number_at=None)
        announce_change(locked, ["phone_e164"], by=by, now=now)


@transaction.atomic
def note_wrong_number(lead: Lead, *, by: Actor, now: dt.datetime) -> bool:
    """Note that somebody else answers at the lead's number; return whether the person was asked for another one."""
    locked = lock_lead(lead)
    Lead.objects.filter(pk=locked.pk).update(wrong_number_at=now)
    locked.wrong_number_at = now
    answers = number_found_wrong.send(sender=Lead, lead=locked, by=by, now=now)
    return any(asked for _, asked in answers)


def announce_change(lead: Lead, changed: Iterable[str], *, by: Actor, now: dt.datetime) -> None:
    """Carry changed columns of a locked `lead` through to everything that waits; in the caller's transaction."""
    lead.refresh_from_db()
    contact_details_changed.send(sender=Lead, lead=lead, changed=frozenset(changed), by=by, now=now)
