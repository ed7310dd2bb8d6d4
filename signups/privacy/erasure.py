"""What somebody may do with everything we hold about them: take it along, or have it erased.

Both walk every table of this room that leads to a `lead`; each says in `PII_FIELDS` what of a row is about the person,
and what stands there after erasure. A copy made for taking along is deleted, and whom they were told apart from.
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
from signups.messages.models import OutboxMessage

from .emails import erasure_receipt
from .personal_data import delete_data_export, models_with_lead_lookup


@transaction.atomic
def erase_lead(lead: Lead, *, by: Actor, now: dt.datetime, asked: bool = True) -> None:
    """Everything personal is gone at once, for good; what happened and when stays. Again, it changes nothing.

    Where they `asked` for it, we neither write to nor call any address of theirs any more, and a confirmed one gets a
    receipt, whose row forgets it in turn (`privacy/emails.py`).
    """
    list(lead.calls.select_for_update().order_by("pk"))  # calls before people, as who moves a call locks them
    lead = Lead.objects.select_for_update().get(pk=lead.pk)
    if lead.status == LeadStatus.ERASED:
        return
    known = _known_addresses(lead)
    if asked:
        for address in known:
            Suppression.objects.get_or_create(digest=contact_hash(address), defaults={"created_at": now})
    remove_person(known)
    receipt = asked and lead.has_confirmed()
    _end_open_work(lead, by=by, now=now)
    delete_data_export(lead)
    DistinctLeadPair.objects.of(lead).delete()
    for model, path in models_with_lead_lookup():
        # A plain QuerySet: erasure alone may change a record that is otherwise only added to.
        rows: models.QuerySet[Any] = models.QuerySet(model).filter(**{path: lead})
        if model is OutboxMessage:  # what must still be sent is blanked after that (`messages/delivery.py`)
            rows = rows.exclude(status=MessageStatus.PENDING)
        if personal := model.PII_FIELDS:  # type: ignore[attr-defined]
            rows.update(**personal)
    Lead.objects.filter(pk=lead.pk).update(**Lead.PII_FIELDS, status=LeadStatus.ERASED)
    record_event(lead, AuditAction.ERASED, by=by, now=now)
    if receipt:
        erasure_receipt(lead, now=now)


def _known_addresses(lead: Lead) -> set[str]:
    """The addresses, and the numbers in E.164, of theirs that stand anywhere: also of who was merged into them."""
    numbers = lead.callbacks.values_list("phone_e164", flat=True)
    merges = lead.merges.filter(snapshot__isnull=False).values_list("snapshot", flat=True)
    former = [json.loads(content or "{}")[one] for content in merges for one in ("lead", "other")]
    told = {values[name] for values in former for name in ("email", "phone_e164")}
    return {lead.email, lead.phone_e164, *numbers, *told} - {""}


def _end_open_work(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """Nothing that runs for this person runs on, and nothing that waits for them is sent."""
    lead.trials.open().update(cancelled_at=now)
    cancel_callback(lead, now=now)
    for call in lead.calls.upcoming(now):
        cancel_call(call=call, by=by, now=now)
    lead.messages.pending().exclude(kind__in=kinds.surviving_erasure()).update(status=MessageStatus.CANCELLED)
