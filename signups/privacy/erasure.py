"""Erase the personal data of a lead (right to erasure).

Covers every model of the app that references a lead; `PII_FIELDS` of each model gives the columns with personal data
and their values after erasure. Data exports and distinct-lead pairs are deleted.
"""

import datetime as dt
import json
import logging
from typing import Any

from django.db import models, transaction
from django.db.models.functions import Cast

from clinic.lib import encryption
from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.callbacks.actions import cancel_callback
from signups.calls.actions import cancel_call
from signups.consents.suppression_models import Suppression, contact_hash
from signups.imports.erasure import lock_uploads, remove_person
from signups.leads.choices import LeadStatus
from signups.leads.merge_models import DistinctLeadPair
from signups.leads.models import Lead
from signups.messages import kinds
from signups.messages.choices import MessageStatus
from signups.messages.inbound_models import InboundMessage
from signups.messages.models import OutboxMessage

from .emails import erasure_receipt
from .personal_data import delete_data_export, models_with_lead_lookup

logger = logging.getLogger(__name__)


@transaction.atomic
def erase_lead(lead: Lead, *, by: Actor, now: dt.datetime, asked: bool = True) -> None:
    """Erase the personal data of `lead` permanently; audit events stay. Idempotent.

    With `asked` (the person requested the erasure), suppress every known address, and send a receipt to a confirmed
    one; the receipt's row is blanked after sending.
    """
    lock_uploads()
    lead = Lead.objects.select_for_update().get(pk=lead.pk)
    if lead.status == LeadStatus.ERASED:
        return
    known = _known_addresses(lead)
    if asked:
        for address in known:
            Suppression.objects.get_or_create(digest=contact_hash(address), defaults={"created_at": now})
    remove_person(known, now=now)
    InboundMessage.objects.filter(lead=None, sender__in=known).delete()
    receipt = asked and lead.has_started_trial()
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

    Includes those of callbacks and of merged leads, but for a merge that no key reads.
    """
    numbers = lead.callbacks.values_list("phone_e164", flat=True)
    tokens = lead.merges.filter(snapshot__isnull=False).values_list(Cast("snapshot", models.TextField()), flat=True)
    merges = [json.loads(text) for token in tokens if (text := _decrypt_if_possible(token))]
    former = [merge[one] for merge in merges for one in ("lead", "other")]
    from_merges = {values[name] for values in former for name in ("email", "phone_e164")}
    return {lead.email, lead.phone_e164, *numbers, *from_merges} - {""}


def _decrypt_if_possible(token: str) -> str:
    try:
        return encryption.decrypt(token)
    except encryption.DecryptionError:
        logger.warning("a merge of somebody who is erased cannot be read: its former addresses are not suppressed")
        return ""


def _end_open_work(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """Cancel the open trial, callback, calls and pending messages of the lead."""
    lead.trials.open().update(cancelled_at=now)
    cancel_callback(lead, now=now)
    for call in lead.calls.upcoming(now):
        cancel_call(call=call, by=by, now=now)
    lead.messages.pending().exclude(kind__in=kinds.surviving_erasure()).update(status=MessageStatus.CANCELLED)
