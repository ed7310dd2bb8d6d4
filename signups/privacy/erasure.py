"""Erase the personal data of a lead (right to erasure).

Covers every model of the app that references a lead; `PII_FIELDS` of each model gives the columns with personal data
and their values after erasure. Data exports and distinct-lead pairs are deleted.
"""

import datetime as dt
import json
from typing import Any

from django.db import models, transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.callbacks.actions import cancel_callback
from signups.calls.actions import cancel_call
from signups.consents.suppression_models import Suppression, contact_hash
from signups.imports.actions import remove_person
from signups.leads.choices import LeadStatus
from signups.leads.merge_models import DistinctLeadPair
from signups.leads.models import Lead
from signups.messages import kinds
from signups.messages.choices import MessageStatus
from signups.messages.inbound_models import InboundMessage
from signups.messages.models import OutboxMessage

from .emails import erasure_receipt
from .personal_data import delete_data_export, models_with_lead_lookup


@transaction.atomic
def erase_lead(lead: Lead, *, by: Actor, now: dt.datetime, asked: bool = True) -> None:
    """Erase the personal data of `lead` permanently; audit events stay. Idempotent.

    With `asked` (the person requested the erasure), suppress every known address, and send a receipt to a confirmed
    one; the receipt's row is blanked after sending.
    """
    lead = Lead.objects.select_for_update().get(pk=lead.pk)
    if lead.status == LeadStatus.ERASED:
        return
    known = _known_addresses(lead)
    if asked:
        for address in known:
            Suppression.objects.get_or_create(digest=contact_hash(address), defaults={"created_at": now})
    remove_person(known)
    InboundMessage.objects.filter(lead=None, sender__in=known).delete()
    receipt = asked and lead.has_confirmed()
    _end_open_work(lead, by=by, now=now)
    delete_data_export(lead)
    DistinctLeadPair.objects.of(lead).delete()
    for model, path in models_with_lead_lookup():
        # A plain QuerySet, because append-only models refuse updates through their own manager.
        rows: models.QuerySet[Any] = models.QuerySet(model).filter(**{path: lead})
        if model is OutboxMessage:  # pending messages are blanked after sending (`messages/delivery.py`)
            rows = rows.exclude(status=MessageStatus.PENDING)
        if blank_values := model.PII_FIELDS:  # type: ignore[attr-defined]
            rows.update(**blank_values)
    Lead.objects.filter(pk=lead.pk).update(**Lead.PII_FIELDS, status=LeadStatus.ERASED)
    record_event(lead, AuditAction.ERASED, by=by, now=now)
    if receipt:
        erasure_receipt(lead, now=now)


def _known_addresses(lead: Lead) -> set[str]:
    """Return every stored e-mail address and number (E.164) of the lead.

    Includes those of callbacks and of merged leads.
    """
    numbers = lead.callbacks.values_list("phone_e164", flat=True)
    merges = lead.merges.filter(snapshot__isnull=False).values_list("snapshot", flat=True)
    former = [json.loads(content or "{}")[one] for content in merges for one in ("lead", "other")]
    from_merges = {values[name] for values in former for name in ("email", "phone_e164")}
    return {lead.email, lead.phone_e164, *numbers, *from_merges} - {""}


def _end_open_work(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """Cancel the open trial, callback, calls and pending messages of the lead."""
    lead.trials.open().update(cancelled_at=now)
    cancel_callback(lead, now=now)
    for call in lead.calls.upcoming(now):
        cancel_call(call=call, by=by, now=now)
    lead.messages.pending().exclude(kind__in=kinds.surviving_erasure()).update(status=MessageStatus.CANCELLED)
