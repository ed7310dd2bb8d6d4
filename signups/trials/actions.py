"""Asking for a trial, starting it, leaving it, and what follows it."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from clinic.lib import normalization
from signups.audit.actions import Actor, record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.consents.actions import record_signup_consents, revoke_consent
from signups.consents.choices import OPTIONAL_CONSENTS, REQUIRED_CONSENTS, ConsentChannel, ConsentPurpose
from signups.consents.policy import agrees_to
from signups.consents.suppression_models import Suppression
from signups.leads import locking
from signups.leads.actions import can_work_lead, change_status
from signups.leads.choices import LeadStatus
from signups.leads.locking import lock_lead
from signups.leads.models import Lead
from signups.messages.outbox import under_hourly_limit
from signups.messages.portal_links import MY_LINK, my_link
from signups.offer import current_offer

from . import emails
from .models import Trial


class UndoWindowClosed(Exception):
    """The time in which this could be done is over."""


def request_trial(*, form_key: uuid.UUID, now: dt.datetime, **told: Any) -> None:
    """A visitor asks for the free days; `told` are the form's fields, see `_request`.

    Known and new addresses end alike for the caller; only the address's owner learns more, by mail. The same form
    again (its `form_key`) does nothing.
    """
    try:
        _request_trial(form_key=trial_idempotency_key(form_key, told["email"]), now=now, **told)
    except IntegrityError:
        if not was_trial_requested(form_key=form_key, email=told["email"]):
            raise


def was_trial_requested(*, form_key: uuid.UUID, email: str) -> bool:
    """Whether this form has done its work for this address already."""
    return AuditEvent.objects.filter(idempotency_key=trial_idempotency_key(form_key, email)).exists()


def trial_idempotency_key(form_key: uuid.UUID, email: str) -> uuid.UUID:
    """One form sent for one address: who goes back and mends a slip in the address has asked for something new."""
    return uuid.uuid5(form_key, normalization.email_key(email))


@transaction.atomic
def _request_trial(
    *,
    email: str,
    agreed: Iterable[ConsentPurpose] = REQUIRED_CONSENTS,
    form_key: uuid.UUID,
    now: dt.datetime,
    **fields: str,
) -> None:
    """Lead (`fields`), trial, consents, event and the confirmation message, or none of them.

    Whoever types an address need not be its owner. Once that address was confirmed, another sign-up overwrites nothing
    and agrees to nothing; until then the last form holds, and the page behind its link shows it before it counts.
    It opens a trial where there was none, or where the last was cancelled.
    """
    lead, is_new = get_or_create_lead(email=email, created_at=now, **fields)
    verb = AuditAction.SIGNED_UP if is_new else AuditAction.SIGNED_UP_AGAIN
    record_event(lead, verb, by=ActorKind.PATIENT, now=now, idempotency_key=form_key)
    if is_new:
        emails.confirm_trial(_open_trial(lead, agreed, now=now), now=now)
    elif _is_unverified(lead):
        _replace_unverified_signup(lead, agreed, now=now, **fields)
    elif lead.current_trial():
        _resend(lead, now=now)
    else:
        _send_confirmation(_open_trial(lead, REQUIRED_CONSENTS, now=now), now=now)


def _is_unverified(lead: Lead) -> bool:
    """Nothing is known of them but what somebody typed into our forms."""
    known = lead.events.filter(action__in=(AuditAction.IMPORTED, AuditAction.MERGED))
    return lead.status == LeadStatus.NEW and not lead.has_confirmed() and not known.exists()


def _replace_unverified_signup(
    lead: Lead, agreed: Iterable[ConsentPurpose], *, now: dt.datetime, first_touch_source: str = "", **fields: str
) -> None:
    """What this form says in place of the one before, and a link that confirms it in place of the older ones.

    Where they first came from stays. Nothing changes once enough was sent this hour.
    """
    if not under_hourly_limit(lead, emails.CONFIRM_TRIAL, now=now):
        return
    for name, value in fields.items():
        setattr(lead, name, value)
    lead.save(update_fields=fields)
    said_before = (
        lead.consents.in_force().filter(text__purpose__in=OPTIONAL_CONSENTS).values_list("text__purpose", flat=True)
    )
    for purpose in {ConsentPurpose(said) for said in said_before} - set(agreed):
        revoke_consent(lead, purpose, channel=ConsentChannel.WEB, by=ActorKind.PATIENT, now=now)
    waiting = lead.trials.open().first()
    if waiting:
        record_signup_consents(lead, {purpose: current_offer().documents[purpose] for purpose in agreed}, now=now)
    _send_confirmation(waiting or _open_trial(lead, agreed, now=now), now=now)


def _open_trial(lead: Lead, agreed: Iterable[ConsentPurpose], *, now: dt.datetime) -> Trial:
    """The trial on today's terms, and the consents to the texts that were in front of the person."""
    offer = current_offer()
    trial = Trial.objects.create(
        lead=lead,
        days=offer.trial_days,
        guarantee_days=offer.guarantee_days,
        terms_version=offer.documents[ConsentPurpose.TERMS].version,
        requested_at=now,
    )
    record_signup_consents(lead, {purpose: offer.documents[purpose] for purpose in agreed}, now=now)
    return trial


def get_or_create_lead(*, email: str, created_at: dt.datetime, **fields: str) -> tuple[Lead, bool]:
    """The live lead of this address, locked until the commit, and whether it was made just now."""
    key = normalization.email_key(email)
    live = Lead.objects.live().filter(email_key=key)
    found = live.select_for_update().first() if live.exists() else None  # (nearly always new: the short question first)
    if found:
        return found, False
    try:
        with transaction.atomic():  # a savepoint: the constraint decides between two at once
            return Lead.objects.create(email=email, email_key=key, created_at=created_at, **fields), True
    except IntegrityError:
        return Lead.objects.live().select_for_update().get(email_key=key), False


@transaction.atomic
def resend_confirmation_link(lead: Lead, *, now: dt.datetime) -> None:
    """To a person whose trial still waits: a new confirmation link, and the older ones stop working.

    To anybody else the news that there is one already, or the link to their page when it is over. Nothing once enough
    was sent this hour. Raises Gone.
    """
    _resend(lock_lead(lead), now=now)


def _resend(lead: Lead, *, now: dt.datetime) -> None:
    """As `send_new_link`, of a lead that is locked."""
    if trial := lead.trials.open().filter(started_at=None).first():
        _send_confirmation(trial, now=now)
    elif lead.current_trial() and under_hourly_limit(lead, emails.TRIAL_EXISTS, now=now):
        emails.trial_exists(lead, now=now)
    elif lead.has_confirmed() and under_hourly_limit(lead, MY_LINK, now=now):
        my_link(lead, now=now)


def _send_confirmation(trial: Trial, *, now: dt.datetime) -> None:
    """A link that starts the trial, in place of any before it."""
    lead = trial.lead
    if under_hourly_limit(lead, emails.CONFIRM_TRIAL, now=now):
        lead.confirmation_token_version += 1
        lead.save(update_fields=["confirmation_token_version"])
        emails.confirm_trial(trial, now=now)


@transaction.atomic
def confirm_email(lead: Lead, *, now: dt.datetime) -> Trial | None:
    """The address is theirs: the free days begin now. Again, it changes nothing; None when there is none to start.

    Whoever had their data erased before is back of their own will, so their address is no longer suppressed;
    nor is their number, if they agreed to calls. Raises Gone.
    """
    lock_lead(lead)
    trial = lead.current_trial()
    if trial is None or trial.started_at:
        return trial
    trial.started_at = now
    trial.save(update_fields=["started_at"])
    Suppression.objects.of(lead.email).delete()
    if agrees_to(lead, ConsentPurpose.CALLS):
        Suppression.objects.of(lead.phone_e164).delete()
    record_event(lead, AuditAction.CONFIRMED, by=ActorKind.PATIENT, now=now)
    record_event(lead, AuditAction.TRIAL_STARTED, by=ActorKind.SYSTEM, now=now)
    emails.trial_started(trial, now=now)
    if trial.days > 1:
        emails.trial_ending(trial, now=now)
    emails.trial_ended(trial, now=now)
    return trial


@transaction.atomic
def cancel_trial(trial: Trial, *, by: Actor, now: dt.datetime) -> None:
    """The trial is over, no reason asked. Again, or once it became something else, it changes nothing."""
    trial = _lock_trial(trial)
    if trial.cancelled_at or trial.converted_at:
        return
    Trial.objects.filter(pk=trial.pk).update(cancelled_at=now)
    trial.cancelled_at = now
    record_event(trial.lead, AuditAction.TRIAL_CANCELLED, by=by, now=now)
    if trial.started_at and under_hourly_limit(trial.lead, emails.TRIAL_CANCELLED, now=now):
        emails.trial_cancelled(trial, now=now)


@transaction.atomic
def resume_trial(trial: Trial, *, by: Actor, now: dt.datetime) -> None:
    """The trial goes on as if it had never been cancelled. Again, it changes nothing. Raises TooLate."""
    trial = _lock_trial(trial)
    if trial.undo_until is None:
        return
    if now > trial.undo_until or trial.lead.trials.open().exists():
        raise UndoWindowClosed
    Trial.objects.filter(pk=trial.pk).update(cancelled_at=None)
    record_event(trial.lead, AuditAction.TRIAL_RESUMED, by=by, now=now)


@transaction.atomic
def convert_trial(trial: Trial, *, by: User, now: dt.datetime) -> None:
    """Their treatment follows the trial: the guarantee runs from now, and the lead moves with it.

    Again, it changes nothing. Raises leads.Refused when the trial or the lead is not that far.
    """
    trial = _lock_trial(trial)
    if trial.converted_at:
        return
    if not trial.may_be_converted:
        raise locking.ActionError("Only a trial that was started and not cancelled can be converted.")
    Trial.objects.filter(pk=trial.pk).update(converted_at=now)
    trial.converted_at = now
    change_status(lead=trial.lead, to=LeadStatus.CONVERTED, by=by, now=now)
    record_event(trial.lead, AuditAction.TRIAL_CONVERTED, by=by, now=now)
    emails.converted(trial, now=now)


@transaction.atomic
def request_refund(trial: Trial, *, by: Actor, now: dt.datetime) -> None:
    """The guarantee is used: accepted as it is asked, no reason needed. Again, it changes nothing. Raises TooLate."""
    trial = _lock_trial(trial)
    if trial.refund_requested_at:
        return
    if not trial.may_be_refunded(trial.lead.time_zone, now):
        raise UndoWindowClosed
    Trial.objects.filter(pk=trial.pk).update(refund_requested_at=now)
    trial.refund_requested_at = now
    record_event(trial.lead, AuditAction.REFUND_REQUESTED, by=by, now=now)
    emails.refund_requested(trial, now=now)


@transaction.atomic
def mark_refunded(trial: Trial, *, by: User, now: dt.datetime) -> None:
    """Their money is on its way back, says who works the lead. Again, it changes nothing. Raises leads.Refused."""
    trial = _lock_trial_for_staff(trial, by)
    if trial.refunded_at:
        return
    if not trial.refund_requested_at:
        raise locking.ActionError("Nobody asked for their money back.")
    Trial.objects.filter(pk=trial.pk).update(refunded_at=now)
    record_event(trial.lead, AuditAction.REFUND_SETTLED, by=by, now=now)


@transaction.atomic
def undo_mark_refunded(trial: Trial, *, by: User, now: dt.datetime) -> None:
    """That was a slip: the money is still owed. Again, it changes nothing. Raises leads.Refused."""
    trial = _lock_trial_for_staff(trial, by)
    if not trial.refunded_at:
        return
    if not trial.may_be_owed_again(now):
        raise locking.ActionError("That the money was sent can be taken back for one hour only.")
    Trial.objects.filter(pk=trial.pk).update(refunded_at=None)
    record_event(trial.lead, AuditAction.REFUND_UNSETTLED, by=by, now=now)


def _lock_trial_for_staff(trial: Trial, by: User) -> Trial:
    """The trial as it is now; its lead, which `by` works, is locked until the commit. Raises leads.Refused."""
    lead = Lead.objects.select_for_update().get(pk=trial.lead_id)  # (also of somebody erased: we owe it all the same)
    if not can_work_lead(by, lead):
        raise locking.ActionError("This lead is somebody else’s.")
    return _fresh_trial(lead, trial)


def _lock_trial(trial: Trial) -> Trial:
    """The trial as it is now; its lead is locked until the commit. Raises Gone."""
    return _fresh_trial(lock_lead(trial.lead), trial)


def _fresh_trial(lead: Lead, trial: Trial) -> Trial:
    held = lead.trials.get(pk=trial.pk)
    held.lead = lead
    return held
