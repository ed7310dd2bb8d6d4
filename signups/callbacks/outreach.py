"""Outreach: calls by staff without a callback request."""

import datetime as dt
import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from signups.audit.choices import AuditAction
from signups.consents.actions import stop_calls_and_texts
from signups.consents.problems import note_texts_failure
from signups.leads import contact_details
from signups.leads.access import lock_lead_for_contact
from signups.leads.actions import write_note
from signups.leads.contact import record_contact
from signups.leads.locking import ActionError
from signups.leads.models import Lead

from .choices import FINAL_OUTCOMES, REACHED_OUTCOMES, CallOutcome
from .outcome_undo import facts_before


@transaction.atomic
def log_outreach(*, lead: Lead, outcome: CallOutcome, by: User, now: dt.datetime, note: str = "") -> None:
    """Log an outreach call by `by`, with a note; `outcome` is one of OUTREACH_OUTCOMES.

    One of REACHED_OUTCOMES moves a new lead to contacted; DO_NOT_CALL revokes consent to calls and texts; after
    WRONG_NUMBER the number is not used again, and a booked call asks for another. Both can be undone (`outcome_undo`).
    Raises ActionError.
    """
    locked = lock_lead_for_contact(lead, by, now)
    if locked.callbacks.open().exists():
        raise ActionError("This lead has an open callback. Log the outcome there.")
    reached = outcome in REACHED_OUTCOMES
    undoable: dict[str, Any] = {"before": facts_before(locked)} if outcome in FINAL_OUTCOMES else {}
    record_contact(locked, AuditAction.TRIED, by=by, now=now, reached=reached, outcome=outcome.value, **undoable)
    if outcome == CallOutcome.WRONG_NUMBER:
        note_texts_failure(locked, now=now)
        contact_details.note_wrong_number(locked, by=by, now=now)
    if outcome == CallOutcome.DO_NOT_CALL:
        stop_calls_and_texts(locked, by=by, now=now)
    if note:
        write_note(lead=locked, text=note, by=by, now=now, form_key=uuid.uuid4())
