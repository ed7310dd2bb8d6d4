"""Outreach: calls by staff without a callback request."""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction

from signups.audit.actions import record_event
from signups.audit.choices import AuditAction
from signups.consents.actions import revoke_consent
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.leads.actions import change_status, lock_lead_for_staff
from signups.leads.choices import LeadStatus
from signups.leads.locking import ActionError
from signups.leads.models import Lead

from .choices import CallOutcome


@transaction.atomic
def log_outreach(*, lead: Lead, outcome: CallOutcome, by: User, now: dt.datetime) -> None:
    """Log an outreach call by `by`; `outcome` is one of OUTREACH_OUTCOMES.

    REACHED moves a new lead to contacted; DO_NOT_CALL revokes consent to calls immediately. Raises ActionError.
    """
    locked = lock_lead_for_staff(lead, by)
    if locked.callbacks.open().exists():
        raise ActionError("This lead has an open callback. Log the outcome there.")
    record_event(locked, AuditAction.TRIED, by=by, now=now, outcome=outcome.value)
    if outcome == CallOutcome.DO_NOT_CALL:
        revoke_consent(locked, ConsentPurpose.CALLS, channel=ConsentChannel.PHONE, by=by, now=now)
    elif outcome == CallOutcome.REACHED and locked.status == LeadStatus.NEW:
        change_status(lead=locked, to=LeadStatus.CONTACTED, by=by, now=now)
