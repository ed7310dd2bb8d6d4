"""Grant and revoke consent, and unsubscribe.

Every grant and revocation is a row; the latest row of a purpose is in force.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping

from django.db import transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.leads import contact_details
from signups.leads.choices import Channel
from signups.leads.locking import lock_lead
from signups.leads.models import Lead
from signups.offer import ConsentDocument, current_offer

from .choices import ConsentChannel, ConsentPurpose
from .models import Consent, ConsentText
from .signals import callbacks_revoked, calls_revoked
from .suppression_models import Suppression, TextStop, contact_hash

STORED_WORDINGS: dict[str, ConsentText] = {}  # by sha256
REACHED_BY = {ConsentPurpose.CALLS: Channel.CALL, ConsentPurpose.TEXTS: Channel.TEXT}


def record_signup_consents(lead: Lead, agreed: Mapping[ConsentPurpose, ConsentDocument], *, now: dt.datetime) -> None:
    """Store the consents ticked on a signup form.

    No audit event of their own: the event of the form covers them.
    """
    row = {"lead": lead, "granted": True, "channel": ConsentChannel.WEB, "created_at": now}
    Consent.objects.bulk_create(Consent(text=text, **row) for text in _stored_wordings(agreed))


@transaction.atomic
def grant_consent(lead: Lead, purpose: ConsentPurpose, *, channel: ConsentChannel, by: Actor, now: dt.datetime) -> None:
    """Grant consent of `lead` to the current wording of `purpose`. Idempotent.

    Consent to calls also lifts the suppression of the lead's number, left by an earlier erasure; what waits is sent as
    a text too from the consent to texts on, to who chose them. Raises LeadUnavailable.
    """
    lock_lead(lead)
    text = current_wording(purpose)
    if not lead.consents.in_force().filter(text=text).exists():
        Consent.objects.create(lead=lead, text=text, granted=True, channel=channel, created_at=now)
        record_event(lead, AuditAction.CONSENT_GRANTED, by=by, now=now, purpose=purpose, version=text.version)
    if purpose == ConsentPurpose.CALLS:
        permit_calls_again(lead)
    if purpose == ConsentPurpose.TEXTS:
        permit_texts_again(lead)
        resume_texts_to(lead.phone_e164)
        contact_details.announce_change(Lead.objects.get(pk=lead.pk), ["preferred_channel"], by=by, now=now)


def permit_calls_again(lead: Lead) -> None:
    """Lift what kept staff from calling `lead`: their own request, and the suppression of their number."""
    Suppression.objects.of(lead.phone_e164).delete()
    Lead.objects.filter(pk=lead.pk).update(do_not_call_at=None)
    lead.do_not_call_at = None


def permit_texts_again(lead: Lead) -> None:
    """Lift an opt-out of texts that came with a list."""
    Lead.objects.filter(pk=lead.pk).update(no_texts_at=None)
    lead.no_texts_at = None


def stop_texts_to(number: str, *, now: dt.datetime) -> None:
    """Suppress texts to a number (E.164), also those to leads that get it later. Idempotent."""
    if number and not TextStop.objects.of(number).exists():
        TextStop.objects.get_or_create(digest=contact_hash(number), defaults={"created_at": now})


def resume_texts_to(number: str) -> None:
    """Lift `stop_texts_to`: the number itself asked for it."""
    TextStop.objects.of(number).delete()


@transaction.atomic
def revoke_consent(
    lead: Lead,
    purpose: ConsentPurpose,
    *,
    channel: ConsentChannel,
    by: Actor,
    now: dt.datetime,
    stated_at: dt.datetime | None = None,
) -> None:
    """Revoke the consent of `lead` to `purpose`. Idempotent.

    Revoking CALLS also cancels booked calls (`calls_revoked`) and revokes CALLBACKS, and revoking CALLBACKS closes an
    open callback at once (`callbacks_revoked`). `stated_at` is when the person said so, if not now.
    Whoever withdraws CALLS asks not to be called, also without an earlier consent: only a callback or a call that they
    ask for afterwards permits one. (A sign-up form, WEB, proves nobody's identity and only leaves a box empty.)
    Who chose a channel and withdraws consent to it is reached by email from then on.
    """
    Lead.objects.select_for_update().get(pk=lead.pk)
    if purpose == ConsentPurpose.CALLS and channel != ConsentChannel.WEB:
        lead.do_not_call_at = max(stated_at or now, lead.do_not_call_at or stated_at or now)
        Lead.objects.filter(pk=lead.pk).update(do_not_call_at=lead.do_not_call_at)
    current = lead.consents.in_force().filter(text__purpose=purpose).select_related("text").first()
    if current:
        Consent.objects.create(lead=lead, text=current.text, granted=False, channel=channel, created_at=now)
        record_event(lead, AuditAction.CONSENT_REVOKED, by=by, now=now, purpose=purpose, version=current.text.version)
    stored = Lead.objects.get(pk=lead.pk)
    if stored.email and stored.preferred_channel == REACHED_BY.get(purpose):
        contact_details.update_contact_details(stored, by=by, now=now, preferred_channel=Channel.EMAIL)
    if purpose == ConsentPurpose.CALLS:
        revoke_consent(lead, ConsentPurpose.CALLBACKS, channel=channel, by=by, now=now)
        calls_revoked.send(sender=Lead, lead=lead, by=by, now=now, stated_at=stated_at or now)
    if purpose == ConsentPurpose.CALLBACKS:
        callbacks_revoked.send(sender=Lead, lead=lead, by=by, now=now)


def stop_calls_and_texts(lead: Lead, *, by: Actor, now: dt.datetime) -> None:
    """Revoke consent to calls and texts of somebody who said on the phone that they want neither."""
    for purpose in (ConsentPurpose.CALLS, ConsentPurpose.TEXTS):
        revoke_consent(lead, purpose, channel=ConsentChannel.PHONE, by=by, now=now)


@transaction.atomic
def unsubscribe(lead: Lead, *, channel: ConsentChannel, by: Actor, now: dt.datetime) -> None:
    """Revoke consent to news and stop unsolicited e-mail.

    Only answers to the lead's own requests are sent from now on. Idempotent.
    """
    revoke_consent(lead, ConsentPurpose.NEWS, channel=channel, by=by, now=now)
    set_reminder_preference(lead, enabled=False, by=by, now=now)


@transaction.atomic
def set_reminder_preference(lead: Lead, *, enabled: bool, by: Actor, now: dt.datetime) -> None:
    """Set whether `lead` receives unsolicited e-mail (`MessageKind.unsolicited`).

    Idempotent.
    """
    differing = Lead.objects.live().filter(pk=lead.pk, unsubscribed_at__isnull=not enabled)
    if differing.update(unsubscribed_at=None if enabled else now):
        record_event(lead, AuditAction.MAIL_RESUMED if enabled else AuditAction.MAIL_STOPPED, by=by, now=now)


def current_wording(purpose: ConsentPurpose) -> ConsentText:
    """Return the stored row of today's wording of `purpose`, created if missing."""
    (text,) = _stored_wordings({purpose: current_offer().documents[purpose]})
    return text


def _stored_wordings(documents: Mapping[ConsentPurpose, ConsentDocument]) -> list[ConsentText]:
    """Return the ConsentText rows of `documents`, in order, creating missing ones.

    No query for those that a process read before: nobody can change or delete them.
    """
    by_hash = {
        hashlib.sha256(f"{purpose}\n{document.version}\n{document.text}".encode()).hexdigest(): (purpose, document)
        for purpose, document in documents.items()
    }
    known = {sha256: STORED_WORDINGS[sha256] for sha256 in by_hash.keys() & STORED_WORDINGS.keys()}
    if unknown := by_hash.keys() - known.keys():
        known |= ConsentText.objects.defer("text").in_bulk(unknown, field_name="sha256")
        transaction.on_commit(lambda: STORED_WORDINGS.update(known))  # what was rolled back is not stored
    for sha256 in by_hash.keys() - known.keys():
        purpose, document = by_hash[sha256]
        row = {"purpose": purpose, "version": document.version, "text": document.text}
        known[sha256], _ = ConsentText.objects.get_or_create(sha256=sha256, defaults=row)
    return [known[sha256] for sha256 in by_hash]
