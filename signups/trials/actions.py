"""Request, confirm, cancel, resume and convert trials, and handle their refunds."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from clinic.lib import normalization
from signups.audit.actions import Actor, record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.consents.actions import permit_calls_again, permit_texts_again, record_signup_consents, revoke_consent
from signups.consents.choices import OPTIONAL_CONSENTS, REQUIRED_CONSENTS, ConsentChannel, ConsentPurpose
from signups.consents.policy import agrees_to
from signups.consents.problems import clear_failure
from signups.consents.suppression_models import Suppression
from signups.leads import locking
from signups.leads.access import can_work_lead, lock_lead_for_contact
from signups.leads.actions import change_status
from signups.leads.choices import Channel, LeadStatus, OpenWork
from signups.leads.contact_details import announce_change
from signups.leads.locking import lock_lead
from signups.leads.models import Lead
from signups.leads.open_work import awaits_call, resume_open_work
from signups.leads.undo import STAFF_UNDO_WINDOW, columns_before, restore_columns
from signups.messages.choices import MessageStatus
from signups.messages.outbox import under_hourly_limit
from signups.messages.portal_links import MY_LINK, my_link
from signups.messages.texts import texts_chosen
from signups.offer import current_offer

from . import emails
from .models import Trial
from .signup_form import apply_form, keep_form


class UndoWindowClosed(Exception):
    """Raised when the period for this action is over."""


def request_trial(*, form_key: uuid.UUID, now: dt.datetime, **lead_data: Any) -> None:
    """Create a trial request for a visitor; `lead_data` holds the form fields.

    The outcome is the same for known and new addresses; only the owner of the address learns the difference, by e-mail.
    Idempotent for a repeated `form_key`.
    """
    lead_data |= {"form_key": trial_idempotency_key(form_key, lead_data["email"]), "now": now}
    try:
        _request_trial(**lead_data)
    except IntegrityError:  # this form, or another about the address, was stored a moment before
        if not was_trial_requested(form_key=form_key, email=lead_data["email"]):
            _request_trial(**lead_data)


def was_trial_requested(*, form_key: uuid.UUID, email: str) -> bool:
    """Return whether this form submission was already processed for this address."""
    return AuditEvent.objects.filter(idempotency_key=trial_idempotency_key(form_key, email)).exists()


def trial_idempotency_key(form_key: uuid.UUID, email: str) -> uuid.UUID:
    """Derive the key of one form submission for one address.

    A corrected address in a resubmitted form counts as a new request.
    """
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
    """Create the lead (`fields`), trial, consents, event and confirmation atomically.

    A visitor need not own the address. Once the address is confirmed, another sign-up overwrites nothing and grants no
    consent; until then the last form wins, and the confirmation page shows its content before it takes effect. The form
    of somebody whom staff knew before, by an import or a merge, waits with the trial (`signup_form`). Opens a trial
    where there was none, or where the last was cancelled.
    """
    lead, is_new = get_or_create_lead(email=email, created_at=now, **fields)
    trials = [] if is_new else list(lead.trials.all())  # (once: a known address takes as many queries as a new one)
    confirmed = any(trial.started_at for trial in trials)
    action = AuditAction.SIGNED_UP if is_new else AuditAction.SIGNED_UP_AGAIN
    record_event(lead, action, by=ActorKind.PATIENT, now=now, idempotency_key=form_key)
    if is_new:
        emails.confirm_trial(_open_trial(lead, agreed, now=now), now=now)
    elif not confirmed and _is_unverified(lead):
        _replace_unverified_signup(lead, _pending(trials), agreed, now=now, **fields)
    elif any(trial.cancelled_at is None for trial in trials):
        if not confirmed and (pending := _pending(trials)):
            keep_form(pending, fields, agreed)
        resend_to_locked(lead, trials, now=now)
    else:
        trial = _open_trial(lead, REQUIRED_CONSENTS, now=now)
        if not confirmed:
            keep_form(trial, fields, agreed)
        _send_confirmation(trial, now=now)


def _is_unverified(lead: Lead) -> bool:
    """Return whether only form submissions are known about a lead whose address is unconfirmed.

    The status is new, and the lead was neither imported nor merged.
    """
    known = lead.events.filter(action__in=(AuditAction.IMPORTED, AuditAction.MERGED))
    return lead.status == LeadStatus.NEW and not known.exists()


def _replace_unverified_signup(
    lead: Lead,
    pending: Trial | None,
    agreed: Iterable[ConsentPurpose],
    *,
    now: dt.datetime,
    first_touch_source: str = "",
    **fields: str,
) -> None:
    """Overwrite the sign-up with this form, and replace earlier confirmation links.

    The first-touch source stays. Does nothing above the hourly message limit.
    """
    if not under_hourly_limit(lead, emails.CONFIRM_TRIAL, now=now):
        return
    if not fields.get("phone_e164") and awaits_call(lead, now):
        fields = {name: value for name, value in fields.items() if name not in ("phone", "phone_e164")}
    changed = [name for name, value in fields.items() if getattr(lead, name) != value]
    for name, value in fields.items():
        setattr(lead, name, value)
    lead.confirmation_token_version += 1
    lead.save(update_fields=[*fields, "confirmation_token_version"])
    announce_change(lead, changed, by=ActorKind.PATIENT, now=now)
    granted = (
        lead.consents.in_force().filter(text__purpose__in=OPTIONAL_CONSENTS).values_list("text__purpose", flat=True)
    )
    for purpose in {ConsentPurpose(value) for value in granted} - set(agreed):
        # (a form that anybody may submit cancels no booked call)
        revoke_consent(
            lead, purpose, channel=ConsentChannel.WEB, by=ActorKind.PATIENT, now=now, stated_at=lead.created_at
        )
    if pending:
        record_signup_consents(lead, {purpose: current_offer().documents[purpose] for purpose in agreed}, now=now)
    emails.confirm_trial(pending or _open_trial(lead, agreed, now=now), now=now)


def _open_trial(lead: Lead, agreed: Iterable[ConsentPurpose], *, now: dt.datetime) -> Trial:
    """Create a trial on the current offer, and record consent to its current texts."""
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
    """Return (lead, created) for this address; an existing row is locked until commit.

    Raises IntegrityError when another transaction created it meanwhile: done again, it finds that one.
    """
    key = normalization.email_key(email)
    live = Lead.objects.live().filter(email_key=key)
    found = live.select_for_update().first() if live.exists() else None  # (usually new: the cheap query first)
    if found:
        return found, False
    return Lead.objects.create(email=email, email_key=key, created_at=created_at, **fields), True


@transaction.atomic
def resend_confirmation_link(lead: Lead, *, now: dt.datetime) -> None:
    """Send a new confirmation link for a pending trial, and invalidate earlier links.

    Other leads get the notice that they have a trial, or their portal link when it is over. Does nothing above the
    hourly message limit. Raises LeadUnavailable.
    """
    lead = lock_lead(lead)
    resend_to_locked(lead, list(lead.trials.all()), now=now)


@transaction.atomic
def resend_confirmation_for_staff(lead: Lead, *, by: User, now: dt.datetime) -> bool:
    """Send a new confirmation link on behalf of `by`; return whether one was written.

    Raises ActionError when nothing waits for confirmation, LeadUnavailable.
    """
    lead = lock_lead_for_contact(lead, by, now)
    trial = lead.trials.open().filter(started_at=None).first()
    if trial is None:
        raise locking.ActionError("Nothing of theirs waits for confirmation.")
    if not under_hourly_limit(lead, emails.CONFIRM_TRIAL, now=now):
        return False
    _send_confirmation(trial, now=now)
    record_event(lead, AuditAction.CONFIRMATION_RESENT, by=by, now=now)
    return True


def _pending(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial that waits for confirmation."""
    waiting = (trial for trial in trials if not (trial.started_at or trial.cancelled_at or trial.converted_at))
    return next(waiting, None)


def resend_to_locked(lead: Lead, trials: Sequence[Trial], *, now: dt.datetime) -> None:
    """Implement `resend_confirmation_link` for a locked lead and all its trials."""
    if trial := _pending(trials):
        _send_confirmation(trial, now=now)
    elif any(trial.cancelled_at is None for trial in trials) and under_hourly_limit(lead, emails.TRIAL_EXISTS, now=now):
        emails.trial_exists(lead, now=now)
    elif any(trial.started_at for trial in trials) and under_hourly_limit(lead, MY_LINK, now=now):
        my_link(lead, now=now)


def _send_confirmation(trial: Trial, *, now: dt.datetime) -> None:
    """Send a link that starts the trial, replacing earlier links."""
    lead = trial.lead
    if under_hourly_limit(lead, emails.CONFIRM_TRIAL, now=now):
        lead.confirmation_token_version += 1
        lead.save(update_fields=["confirmation_token_version"])
        emails.confirm_trial(trial, now=now)


@transaction.atomic
def confirm_email(lead: Lead, *, now: dt.datetime) -> Trial | None:
    """Confirm the address and start the trial. Idempotent.

    None when there is no trial to start. Lifts an earlier suppression of the address and, with consent to calls or
    texts, of the phone number: the person has returned of their own accord. Raises LeadUnavailable.
    """
    lock_lead(lead)
    trial = lead.current_trial()
    if trial is None or trial.started_at:
        return trial
    trial.started_at = now
    trial.save(update_fields=["started_at"])
    Suppression.objects.of(lead.email).delete()
    clear_failure(lead, Channel.EMAIL, by=ActorKind.PATIENT, now=now)  # the link arrived
    apply_form(trial, lead, now=now)
    if agrees_to(lead, ConsentPurpose.CALLS):
        permit_calls_again(lead)
    if agrees_to(lead, ConsentPurpose.TEXTS):
        Suppression.objects.of(lead.phone_e164).delete()
        permit_texts_again(lead)
    record_event(lead, AuditAction.CONFIRMED, by=ActorKind.PATIENT, now=now)
    record_event(lead, AuditAction.TRIAL_STARTED, by=ActorKind.SYSTEM, now=now)
    emails.trial_started(trial, now=now)
    if trial.days > 1:
        emails.trial_ending(trial, now=now)
    emails.trial_ended(trial, now=now)
    texts_chosen(lead, now=now)
    return trial


@transaction.atomic
def cancel_trial(trial: Trial, *, by: Actor, now: dt.datetime, notify_at: dt.datetime | None = None) -> None:
    """Cancel the trial; no-op if cancelled or converted. Idempotent.

    The patient is notified at `notify_at`, by default now. Raises LeadUnavailable.
    """
    trial = _lock_trial(trial)
    if trial.cancelled_at or trial.converted_at:
        return
    Trial.objects.filter(pk=trial.pk).update(cancelled_at=now)
    trial.cancelled_at = now
    record_event(trial.lead, AuditAction.TRIAL_CANCELLED, by=by, now=now)
    if trial.started_at and under_hourly_limit(trial.lead, emails.TRIAL_CANCELLED, now=now):
        emails.trial_cancelled(trial, now=now, send_at=notify_at)


def cancel_open_trial(*, lead: Lead, by: Actor, now: dt.datetime, **kwargs: Any) -> None:
    """Cancel the open trial of a lead that staff close. Receiver of `open_work_ended`.

    The patient is notified when that can no longer be undone.
    """
    if trial := lead.trials.open().first():
        cancel_trial(trial, by=by, now=now, notify_at=now + STAFF_UNDO_WINDOW)


def resume_ended_trial(*, lead: Lead, by: Actor, now: dt.datetime, since: dt.datetime, **kwargs: Any) -> list[str]:
    """Resume the trial that was canceled at `since`, if none was begun since. Receiver of `open_work_resumed`."""
    ended = lead.trials.filter(cancelled_at=since)
    if not ended:
        return []
    if lead.trials.open().exists():
        return ["They began another trial since; that one counts."]
    ended.update(cancelled_at=None)
    notices = lead.messages.pending().filter(kind=emails.TRIAL_CANCELLED.value, created_at=since)
    notices.update(status=MessageStatus.CANCELLED)
    record_event(lead, AuditAction.TRIAL_RESUMED, by=by, now=now)
    return []


@transaction.atomic
def resume_trial(trial: Trial, *, by: Actor, now: dt.datetime) -> None:
    """Undo the cancellation of the trial. Idempotent.

    Raises UndoWindowClosed, LeadUnavailable.
    """
    trial = _lock_trial(trial)
    if trial.undo_until is None:
        return
    if now > trial.undo_until or trial.lead.trials.open().exists():
        raise UndoWindowClosed
    Trial.objects.filter(pk=trial.pk).update(cancelled_at=None)
    record_event(trial.lead, AuditAction.TRIAL_RESUMED, by=by, now=now)


@transaction.atomic
def convert_trial(trial: Trial, *, by: User, now: dt.datetime, open_work: OpenWork | None = None) -> None:
    """Convert the trial, start its guarantee and convert the lead; CANCEL ends what else is under way. Idempotent.

    Raises ActionError when the state of the trial or lead does not allow it, LeadUnavailable.
    """
    trial = _lock_trial(trial)
    if trial.converted_at:
        return
    if not trial.may_be_converted:
        raise locking.ActionError("Only an active trial can be converted.")
    before = columns_before(trial.lead)
    Trial.objects.filter(pk=trial.pk).update(converted_at=now)
    trial.converted_at = now
    change_status(lead=trial.lead, to=LeadStatus.CONVERTED, by=by, now=now, open_work=open_work)
    record_event(trial.lead, AuditAction.TRIAL_CONVERTED, by=by, now=now, before=before)
    emails.converted(trial, now=now)


@transaction.atomic
def undo_convert_trial(trial: Trial, *, by: User, now: dt.datetime) -> list[str]:
    """Undo `convert_trial` within STAFF_UNDO_WINDOW, before the patient was notified. Idempotent.

    What it ended is resumed; returns, as sentences, what cannot be. Raises ActionError.
    """
    trial = _lock_trial_for_staff(trial, by)
    if not trial.converted_at:
        return []
    if not trial.conversion_may_be_undone(now):
        raise locking.ActionError("A conversion can be undone for one hour, and not once a refund was requested.")
    Trial.objects.filter(pk=trial.pk).update(converted_at=None)
    trial.messages.pending().filter(kind=emails.CONVERTED.value).update(status=MessageStatus.CANCELLED)
    seen, to = LeadStatus.CONVERTED.value, LeadStatus.QUALIFIED.value
    Lead.objects.filter(pk=trial.lead_id, status=seen).update(status=to)
    conversions = trial.lead.events.filter(action=AuditAction.TRIAL_CONVERTED, occurred_at=trial.converted_at)
    conversion = conversions.order_by("-id").first()
    if conversion and "before" in conversion.detail:
        trial.lead.refresh_from_db()
        restore_columns(trial.lead, conversion.detail["before"], since=trial.converted_at)
    record_event(trial.lead, AuditAction.CONVERSION_UNDONE, by=by, now=now)
    return resume_open_work(trial.lead, by=by, now=now, since=trial.converted_at)


@transaction.atomic
def request_refund(trial: Trial, *, by: Actor, now: dt.datetime) -> None:
    """Accept a refund request under the guarantee. Idempotent.

    Raises UndoWindowClosed after the guarantee period, LeadUnavailable.
    """
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
    """Record that the refund was sent; `by` must work the lead. Idempotent.

    Raises ActionError.
    """
    trial = _lock_trial_for_staff(trial, by)
    if trial.refunded_at:
        return
    if not trial.refund_requested_at:
        raise locking.ActionError("No refund was requested.")
    Trial.objects.filter(pk=trial.pk).update(refunded_at=now)
    record_event(trial.lead, AuditAction.REFUND_SETTLED, by=by, now=now)


@transaction.atomic
def undo_mark_refunded(trial: Trial, *, by: User, now: dt.datetime) -> None:
    """Undo `mark_refunded`, within STAFF_UNDO_WINDOW. Idempotent.

    Raises ActionError.
    """
    trial = _lock_trial_for_staff(trial, by)
    if not trial.refunded_at:
        return
    if not trial.may_be_owed_again(now):
        raise locking.ActionError("“Refund sent” can only be undone within one hour.")
    Trial.objects.filter(pk=trial.pk).update(refunded_at=None)
    record_event(trial.lead, AuditAction.REFUND_UNSETTLED, by=by, now=now)


def _lock_trial_for_staff(trial: Trial, by: User) -> Trial:
    """Lock the lead until commit and return the current trial.

    Raises ActionError when `by` may not work the lead.
    """
    lead = Lead.objects.select_for_update().get(pk=trial.lead_id)  # (erased leads too: the refund is still owed)
    if not can_work_lead(by, lead):
        raise locking.ActionError("This lead is somebody else’s.")
    return _fresh_trial(lead, trial)


def _lock_trial(trial: Trial) -> Trial:
    """Lock the lead until commit and return the current trial.

    Raises LeadUnavailable.
    """
    return _fresh_trial(lock_lead(trial.lead), trial)


def _fresh_trial(lead: Lead, trial: Trial) -> Trial:
    fresh = lead.trials.get(pk=trial.pk)
    fresh.lead = lead
    return fresh
