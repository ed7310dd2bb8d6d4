"""Calls that staff make of their own accord, without a callback request."""

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
    """`by` tried to reach them of their own accord, and `outcome` (of states.OF_A_TRY) came of it. Raises Refused.

    Whoever was reached is no longer new; who wants no calls is on nobody's list from this moment.
    """
    stored = lock_lead_for_staff(lead, by)
    if stored.callbacks.open().exists():
        raise ActionError("They asked to be called: note with the callback how it went.")
    record_event(stored, AuditAction.TRIED, by=by, now=now, outcome=outcome.value)
    if outcome == CallOutcome.DO_NOT_CALL:
        revoke_consent(stored, ConsentPurpose.CALLS, channel=ConsentChannel.PHONE, by=by, now=now)
    elif outcome == CallOutcome.REACHED and stored.status == LeadStatus.NEW:
        change_status(lead=stored, to=LeadStatus.CONTACTED, by=by, now=now)
