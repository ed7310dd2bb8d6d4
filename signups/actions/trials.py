"""Asking for a trial, starting it, leaving it, and what follows it."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from signups import normalise, terms
from signups.leads.emails import MY_LINK, my_link
from signups.messages.outbox import under_hourly_limit
from signups.models import Event, Lead, Suppression, Trial
from signups.states import FREE, NEEDED, ActorKind, ConsentChannel, LeadStatus, Purpose, Verb
from signups.trials import emails

from . import consents, events, leads
from .held import locked


class TooLate(Exception):
    """The time in which this could be done is over."""


def request(*, form_key: uuid.UUID, now: dt.datetime, **told: Any) -> None:
    """A visitor asks for the free days; `told` are the form's fields, see `_request`.

    Known and new addresses end alike for the caller; only the address's owner learns more, by mail. The same form
    again (its `form_key`) does nothing.
    """
    try:
        _request(form_key=deed(form_key, told["email"]), now=now, **told)
    except IntegrityError:
        if not was_requested(form_key=form_key, email=told["email"]):
            raise


def was_requested(*, form_key: uuid.UUID, email: str) -> bool:
    """Whether this form has done its work for this address already."""
    return Event.objects.filter(form_key=deed(form_key, email)).exists()


def deed(form_key: uuid.UUID, email: str) -> uuid.UUID:
    """One form sent for one address: who goes back and mends a slip in the address has asked for something new."""
    return uuid.uuid5(form_key, normalise.email_key(email))


@transaction.atomic
def _request(
    *,
    email: str,
    agreed: Iterable[Purpose] = NEEDED,
    form_key: uuid.UUID,
    now: dt.datetime,
    **fields: str,
) -> None:
    """Lead (`fields`), trial, consents, event and the confirmation message, or none of them.

    Whoever types an address need not be its owner. Once that address was confirmed, another sign-up overwrites nothing
    and agrees to nothing; until then the last form holds, and the page behind its link shows it before it counts.
    It opens a trial where there was none, or where the last was cancelled.
    """
    lead, is_new = find_or_create(email=email, created_at=now, **fields)
    verb = Verb.SIGNED_UP if is_new else Verb.SIGNED_UP_AGAIN
    events.record(lead, verb, by=ActorKind.PATIENT, now=now, form_key=form_key)
    if is_new:
        emails.confirm_trial(_open_trial(lead, agreed, now=now), now=now)
    elif _is_all_hearsay(lead):
        _take_instead(lead, agreed, now=now, **fields)
    elif lead.current_trial():
        _write_again(lead, now=now)
    else:
        _send_confirmation(_open_trial(lead, NEEDED, now=now), now=now)


def _is_all_hearsay(lead: Lead) -> bool:
    """Nothing is known of them but what somebody typed into our forms."""
    known = lead.events.filter(verb__in=(Verb.IMPORTED, Verb.MERGED))
    return lead.status == LeadStatus.NEW and not lead.has_confirmed() and not known.exists()


def _take_instead(lead: Lead, agreed: Iterable[Purpose], *, now: dt.datetime, source: str = "", **fields: str) -> None:
    """What this form says in place of the one before, and a link that confirms it in place of the older ones.

    Where they first came from stays. Nothing changes once enough was sent this hour.
    """
    if not under_hourly_limit(lead, emails.CONFIRM_TRIAL, now=now):
        return
    for name, value in fields.items():
        setattr(lead, name, value)
    lead.save(update_fields=fields)
    said_before = lead.consents.in_force().filter(text__purpose__in=FREE).values_list("text__purpose", flat=True)
    for purpose in {Purpose(said) for said in said_before} - set(agreed):
        consents.revoke(lead, purpose, channel=ConsentChannel.WEB, by=ActorKind.PATIENT, now=now)
    waiting = lead.trials.open().first()
    if waiting:
        consents.with_signup(lead, {purpose: terms.current().documents[purpose] for purpose in agreed}, now=now)
    _send_confirmation(waiting or _open_trial(lead, agreed, now=now), now=now)


def _open_trial(lead: Lead, agreed: Iterable[Purpose], *, now: dt.datetime) -> Trial:
    """The trial on today's terms, and the consents to the texts that were in front of the person."""
    offer = terms.current()
    trial = Trial.objects.create(
        lead=lead,
        days=offer.trial_days,
        guarantee_days=offer.guarantee_days,
        terms_version=offer.documents[Purpose.TERMS].version,
        requested_at=now,
    )
    consents.with_signup(lead, {purpose: offer.documents[purpose] for purpose in agreed}, now=now)
    return trial


def find_or_create(*, email: str, created_at: dt.datetime, **fields: str) -> tuple[Lead, bool]:
    """The live lead of this address, locked until the commit, and whether it was made just now."""
    key = normalise.email_key(email)
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
def send_new_link(lead: Lead, *, now: dt.datetime) -> None:
    """To a person whose trial still waits: a new confirmation link, and the older ones stop working.

    To anybody else the news that there is one already, or the link to their page when it is over. Nothing once enough
    was sent this hour. Raises Gone.
    """
    _write_again(locked(lead), now=now)


def _write_again(lead: Lead, *, now: dt.datetime) -> None:
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
        lead.confirm_version += 1
        lead.save(update_fields=["confirm_version"])
        emails.confirm_trial(trial, now=now)


@transaction.atomic
def confirm(lead: Lead, *, now: dt.datetime) -> Trial | None:
    """The address is theirs: the free days begin now. Again, it changes nothing; None when there is none to start.

    Whoever had their data erased before is back of their own will, so their address is no longer suppressed;
    nor is their number, if they agreed to calls. Raises Gone.
    """
    locked(lead)
    trial = lead.current_trial()
    if trial is None or trial.started_at:
        return trial
    trial.started_at = now
    trial.save(update_fields=["started_at"])
    Suppression.objects.of(lead.email).delete()
    if lead.agrees_to(Purpose.CALLS):
        Suppression.objects.of(lead.phone_e164).delete()
    events.record(lead, Verb.CONFIRMED, by=ActorKind.PATIENT, now=now)
    events.record(lead, Verb.TRIAL_STARTED, by=ActorKind.SYSTEM, now=now)
    emails.trial_started(trial, now=now)
    if trial.days > 1:
        emails.trial_ending(trial, now=now)
    emails.trial_ended(trial, now=now)
    return trial


@transaction.atomic
def cancel(trial: Trial, *, by: events.Actor, now: dt.datetime) -> None:
    """The trial is over, no reason asked. Again, or once it became something else, it changes nothing."""
    trial = _held(trial)
    if trial.cancelled_at or trial.converted_at:
        return
    Trial.objects.filter(pk=trial.pk).update(cancelled_at=now)
    trial.cancelled_at = now
    events.record(trial.lead, Verb.TRIAL_CANCELLED, by=by, now=now)
    if trial.started_at and under_hourly_limit(trial.lead, emails.TRIAL_CANCELLED, now=now):
        emails.trial_cancelled(trial, now=now)


@transaction.atomic
def undo_cancel(trial: Trial, *, by: events.Actor, now: dt.datetime) -> None:
    """The trial goes on as if it had never been cancelled. Again, it changes nothing. Raises TooLate."""
    trial = _held(trial)
    if trial.undo_until is None:
        return
    if now > trial.undo_until or trial.lead.trials.open().exists():
        raise TooLate
    Trial.objects.filter(pk=trial.pk).update(cancelled_at=None)
    events.record(trial.lead, Verb.TRIAL_RESUMED, by=by, now=now)


@transaction.atomic
def convert(trial: Trial, *, by: User, now: dt.datetime) -> None:
    """Their treatment follows the trial: the guarantee runs from now, and the lead moves with it.

    Again, it changes nothing. Raises leads.Refused when the trial or the lead is not that far.
    """
    trial = _held(trial)
    if trial.converted_at:
        return
    if not trial.may_be_converted:
        raise leads.Refused("Only a trial that was started and not cancelled can be converted.")
    Trial.objects.filter(pk=trial.pk).update(converted_at=now)
    trial.converted_at = now
    leads.transition(lead=trial.lead, to=LeadStatus.CONVERTED, by=by, now=now)
    events.record(trial.lead, Verb.TRIAL_CONVERTED, by=by, now=now)
    emails.converted(trial, now=now)


@transaction.atomic
def request_refund(trial: Trial, *, by: events.Actor, now: dt.datetime) -> None:
    """The guarantee is used: accepted as it is asked, no reason needed. Again, it changes nothing. Raises TooLate."""
    trial = _held(trial)
    if trial.refund_requested_at:
        return
    if not trial.may_be_refunded(trial.lead.time_zone, now):
        raise TooLate
    Trial.objects.filter(pk=trial.pk).update(refund_requested_at=now)
    trial.refund_requested_at = now
    events.record(trial.lead, Verb.REFUND_REQUESTED, by=by, now=now)
    emails.refund_requested(trial, now=now)


@transaction.atomic
def settle_refund(trial: Trial, *, by: User, now: dt.datetime) -> None:
    """Their money is on its way back, says who works the lead. Again, it changes nothing. Raises leads.Refused."""
    trial = _worked(trial, by)
    if trial.refund_settled_at:
        return
    if not trial.refund_requested_at:
        raise leads.Refused("Nobody asked for their money back.")
    Trial.objects.filter(pk=trial.pk).update(refund_settled_at=now)
    events.record(trial.lead, Verb.REFUND_SETTLED, by=by, now=now)


@transaction.atomic
def undo_settle_refund(trial: Trial, *, by: User, now: dt.datetime) -> None:
    """That was a slip: the money is still owed. Again, it changes nothing. Raises leads.Refused."""
    trial = _worked(trial, by)
    if not trial.refund_settled_at:
        return
    if not trial.may_be_owed_again(now):
        raise leads.Refused("That the money was sent can be taken back for one hour only.")
    Trial.objects.filter(pk=trial.pk).update(refund_settled_at=None)
    events.record(trial.lead, Verb.REFUND_UNSETTLED, by=by, now=now)


def _worked(trial: Trial, by: User) -> Trial:
    """The trial as it is now; its lead, which `by` works, is locked until the commit. Raises leads.Refused."""
    lead = Lead.objects.select_for_update().get(pk=trial.lead_id)  # (also of somebody erased: we owe it all the same)
    if not leads.may_work(by, lead):
        raise leads.Refused("This lead is somebody else’s.")
    return _of(lead, trial)


def _held(trial: Trial) -> Trial:
    """The trial as it is now; its lead is locked until the commit. Raises Gone."""
    return _of(locked(trial.lead), trial)


def _of(lead: Lead, trial: Trial) -> Trial:
    held = lead.trials.get(pk=trial.pk)
    held.lead = lead
    return held
