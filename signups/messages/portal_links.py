"""E-mail with the portal link, and its rotation."""

import datetime as dt

from django.db import transaction
from django.db.models import F

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.leads.locking import lock_lead
from signups.leads.models import Lead

from .kinds import MessageKind, register
from .models import OutboxMessage
from .outbox import enqueue, portal_link_context, unique_occasion

MY_LINK = register(MessageKind("my_link", "the link to your page", asked_again=True))


def my_link(lead: Lead, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the e-mail with the portal link. Not idempotent.

    The link is left out while the lead's address is unconfirmed.
    """
    return enqueue(MY_LINK, lead, unique_occasion(), now=now, context=portal_link_context(lead))


@transaction.atomic
def rotate_portal_link(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """Invalidate all portal links of `lead` and e-mail a new one.

    Links of leads merged into it stop working too. Raises LeadUnavailable.
    """
    lead = lock_lead(lead)
    lead_ids = [lead.pk, *lead.merges.filter(undone_at=None).values_list("merged_lead", flat=True)]
    Lead.objects.filter(pk__in=lead_ids).update(portal_token_version=F("portal_token_version") + 1)
    lead.portal_token_version += 1
    record_event(lead, AuditAction.LINK_REPLACED, by=by, now=now)
    my_link(lead, now=now)
