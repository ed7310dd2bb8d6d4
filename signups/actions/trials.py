"""Asking for a trial and starting it."""

import datetime as dt
import uuid
from typing import Any

from django.db import IntegrityError, transaction

from signups import emails, normalise, terms
from signups.models import Event, Lead, Trial
from signups.states import NEEDED, ActorKind, Channel, MessageKind, Purpose, Verb

from . import consents, events

MESSAGES_PER_HOUR = 3  # of one kind to one person, whoever asks for them: nobody's mailbox is flooded through us


def request(*, form_key: uuid.UUID, now: dt.datetime, **told: Any) -> None:
    """A visitor asks for the free days; `told` are the form's fields, see `_request`.

    Known and new addresses end alike for the caller; only the address's owner learns more, by mail. The same form
    again (its `form_key`) does nothing.
    """
    try:
        _request(form_key=_deed(form_key, told["email"]), now=now, **told)
    except IntegrityError:
        if not was_requested(form_key=form_key, email=told["email"]):
            raise


def was_requested(*, form_key: uuid.UUID, email: str) -> bool:
    """Whether this form has done its work for this address already."""
    return Event.objects.filter(form_key=_deed(form_key, email)).exists()


def _deed(form_key: uuid.UUID, email: str) -> uuid.UUID:
    """One form sent for one address: who goes back and mends a slip in the address has asked for something new."""
    return uuid.uuid5(form_key, normalise.email_key(email))


@transaction.atomic
def _request(
    *,
    name: str,
    email: str,
    phone: str,
    phone_e164: str,
    preferred_channel: Channel,
    time_zone: str,
    source: str,
    form_key: uuid.UUID,
    now: dt.datetime,
) -> None:
    """Lead, trial, consents, event and the confirmation message, or none of them.

    A repeat sign-up is an event and a message; it never overwrites what the person told us before.
    """
    lead, is_new = _find_or_create(
        name=name,
        email=email,
        phone=phone,
        phone_e164=phone_e164,
        preferred_channel=preferred_channel,
        time_zone=time_zone,
        source=source,
        created_at=now,
    )
    verb = Verb.SIGNED_UP if is_new else Verb.SIGNED_UP_AGAIN
    events.record(lead, verb, by=ActorKind.PATIENT, now=now, form_key=form_key)
    if not is_new:
        send_new_link(lead, now=now)
        return
    _open_trial(lead, now=now)
    emails.confirm_trial(lead, now=now)


def _open_trial(lead: Lead, *, now: dt.datetime) -> None:
    """The trial on today's terms, and the consents to the texts that were in front of the person."""
    offer = terms.current()
    Trial.objects.create(
        lead=lead,
        days=offer.trial_days,
        guarantee_days=offer.guarantee_days,
        terms_version=offer.documents[Purpose.TERMS].version,
        requested_at=now,
    )
    consents.with_signup(lead, NEEDED, now=now)


def _find_or_create(*, email: str, created_at: dt.datetime, **fields: str) -> tuple[Lead, bool]:
    """The live lead of this address, locked until the commit, and whether it was made just now."""
    key = normalise.email_key(email)
    found = Lead.objects.live().select_for_update().filter(email_key=key).first()
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

    To anybody else the news that there is one already. Nothing once enough was sent this hour.
    """
    lead = Lead.objects.select_for_update().get(pk=lead.pk)
    waiting = lead.trials.filter(started_at=None, cancelled_at=None).exists()
    kind = MessageKind.CONFIRM_TRIAL if waiting else MessageKind.TRIAL_EXISTS
    if lead.messages.filter(kind=kind, created_at__gt=now - dt.timedelta(hours=1)).count() >= MESSAGES_PER_HOUR:
        return
    if waiting:
        lead.link_version += 1
        lead.save(update_fields=["link_version"])
        emails.confirm_trial(lead, now=now)
    else:
        emails.trial_exists(lead, now=now)


@transaction.atomic
def confirm(lead: Lead, *, now: dt.datetime) -> Trial | None:
    """The address is theirs: the free days begin now. Again, it changes nothing; None when there is none to start."""
    Lead.objects.select_for_update().get(pk=lead.pk)
    trial = lead.current_trial()
    if trial is None or trial.started_at:
        return trial
    trial.started_at = now
    trial.save(update_fields=["started_at"])
    events.record(lead, Verb.CONFIRMED, by=ActorKind.PATIENT, now=now)
    events.record(lead, Verb.TRIAL_STARTED, by=ActorKind.SYSTEM, now=now)
    emails.trial_started(trial, now=now)
    return trial
