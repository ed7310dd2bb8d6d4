"""Agreeing, and taking it back. Every yes and no is a row; the latest of a purpose holds."""

import datetime as dt
import hashlib
from collections.abc import Mapping

from django.db import transaction

from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.leads.locking import lock_lead
from signups.leads.models import Lead
from signups.offer import ConsentDocument, current_offer

from .choices import ConsentChannel, ConsentPurpose
from .models import Consent, ConsentText
from .signals import callbacks_revoked
from .suppression_models import Suppression


def record_signup_consents(lead: Lead, agreed: Mapping[ConsentPurpose, ConsentDocument], *, now: dt.datetime) -> None:
    """What was ticked on a form, told of by the event of the form itself."""
    row = {"lead": lead, "granted": True, "channel": ConsentChannel.WEB, "created_at": now}
    Consent.objects.bulk_create(Consent(text=text, **row) for text in _stored_wordings(agreed))


@transaction.atomic
def grant_consent(lead: Lead, purpose: ConsentPurpose, *, channel: ConsentChannel, by: Actor, now: dt.datetime) -> None:
    """`lead` agrees to today's words on `purpose`. Nothing is added when they agree to these already.

    Who had their data erased and agrees to calls now may be called at that number again. Raises Gone.
    """
    lock_lead(lead)
    text = current_wording(purpose)
    if not lead.consents.in_force().filter(text=text).exists():
        Consent.objects.create(lead=lead, text=text, granted=True, channel=channel, created_at=now)
        record_event(lead, AuditAction.CONSENT_GRANTED, by=by, now=now, purpose=purpose, version=text.version)
    if purpose == ConsentPurpose.CALLS:
        Suppression.objects.of(lead.phone_e164).delete()


@transaction.atomic
def revoke_consent(
    lead: Lead, purpose: ConsentPurpose, *, channel: ConsentChannel, by: Actor, now: dt.datetime
) -> None:
    """`lead` takes back what they agreed to on `purpose`; nothing is added when there is nothing to take back.

    Whoever wants no calls wants none about a request either, and is taken off the list of those to call at once.
    """
    Lead.objects.select_for_update().get(pk=lead.pk)
    agreed = lead.consents.in_force().filter(text__purpose=purpose).select_related("text").first()
    if agreed:
        Consent.objects.create(lead=lead, text=agreed.text, granted=False, channel=channel, created_at=now)
        record_event(lead, AuditAction.CONSENT_REVOKED, by=by, now=now, purpose=purpose, version=agreed.text.version)
    if purpose == ConsentPurpose.CALLS:
        revoke_consent(lead, ConsentPurpose.CALLBACKS, channel=channel, by=by, now=now)
    if purpose == ConsentPurpose.CALLBACKS:
        callbacks_revoked.send(sender=Lead, lead=lead, by=by, now=now)


@transaction.atomic
def unsubscribe(lead: Lead, *, channel: ConsentChannel, by: Actor, now: dt.datetime) -> None:
    """No news and no reminders any more: only answers to what they do themselves."""
    revoke_consent(lead, ConsentPurpose.NEWS, channel=channel, by=by, now=now)
    set_reminder_preference(lead, wanted=False, by=by, now=now)


@transaction.atomic
def set_reminder_preference(lead: Lead, *, wanted: bool, by: Actor, now: dt.datetime) -> None:
    """Whether they get what they did not just ask for (`MessageKind.unsolicited`). Said again, it changes nothing."""
    others = Lead.objects.live().filter(pk=lead.pk, unsubscribed_at__isnull=not wanted)
    if others.update(unsubscribed_at=None if wanted else now):
        record_event(lead, AuditAction.MAIL_RESUMED if wanted else AuditAction.MAIL_STOPPED, by=by, now=now)


def current_wording(purpose: ConsentPurpose) -> ConsentText:
    """The exact words as they stand in front of people today, kept whatever becomes of them."""
    (text,) = _stored_wordings({purpose: current_offer().documents[purpose]})
    return text


def _stored_wordings(documents: Mapping[ConsentPurpose, ConsentDocument]) -> list[ConsentText]:
    """The rows of these words, in their order: one query when all were agreed to before."""
    words = {
        hashlib.sha256(f"{purpose}\n{document.version}\n{document.text}".encode()).hexdigest(): (purpose, document)
        for purpose, document in documents.items()
    }
    known = ConsentText.objects.defer("text").in_bulk(words, field_name="sha256")
    for sha256 in words.keys() - known.keys():
        purpose, document = words[sha256]
        row = {"purpose": purpose, "version": document.version, "text": document.text}
        known[sha256], _ = ConsentText.objects.get_or_create(sha256=sha256, defaults=row)
    return [known[sha256] for sha256 in words]
