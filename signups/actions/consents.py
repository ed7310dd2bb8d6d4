"""Agreeing, and taking it back. Every yes and no is a row; the latest of a purpose holds."""

import datetime as dt
import hashlib
from collections.abc import Mapping

from django.db import transaction

from signups import terms
from signups.models import Consent, ConsentText, Lead, Suppression
from signups.states import CallbackOutcome, ConsentChannel, Purpose, Verb
from signups.terms import Document

from . import events
from .held import locked


def with_signup(lead: Lead, agreed: Mapping[Purpose, Document], *, now: dt.datetime) -> None:
    """What was ticked on a form, told of by the event of the form itself."""
    row = {"lead": lead, "granted": True, "channel": ConsentChannel.WEB, "at": now}
    Consent.objects.bulk_create(Consent(text=text, **row) for text in _kept(agreed))


@transaction.atomic
def grant(lead: Lead, purpose: Purpose, *, channel: ConsentChannel, by: events.Actor, now: dt.datetime) -> None:
    """`lead` agrees to today's words on `purpose`. Nothing is added when they agree to these already.

    Who had their data erased and agrees to calls now may be called at that number again. Raises Gone.
    """
    locked(lead)
    text = todays_text(purpose)
    if not lead.consents.in_force().filter(text=text).exists():
        Consent.objects.create(lead=lead, text=text, granted=True, channel=channel, at=now)
        events.record(lead, Verb.CONSENT_GRANTED, by=by, now=now, purpose=purpose, version=text.version)
    if purpose == Purpose.CALLS:
        Suppression.objects.of(lead.phone_e164).delete()


@transaction.atomic
def revoke(lead: Lead, purpose: Purpose, *, channel: ConsentChannel, by: events.Actor, now: dt.datetime) -> None:
    """`lead` takes back what they agreed to on `purpose`; nothing is added when there is nothing to take back.

    Whoever wants no calls wants none about a request either, and is taken off the list of those to call at once.
    """
    Lead.objects.select_for_update().get(pk=lead.pk)
    agreed = lead.consents.in_force().filter(text__purpose=purpose).select_related("text").first()
    if agreed:
        Consent.objects.create(lead=lead, text=agreed.text, granted=False, channel=channel, at=now)
        events.record(lead, Verb.CONSENT_REVOKED, by=by, now=now, purpose=purpose, version=agreed.text.version)
    if purpose == Purpose.CALLS:
        revoke(lead, Purpose.CALLBACKS, channel=channel, by=by, now=now)
    waiting = lead.callbacks.filter(closed_at=None)
    if purpose == Purpose.CALLBACKS and waiting.update(closed_at=now, outcome=CallbackOutcome.DO_NOT_CALL):
        events.record(lead, Verb.CALLBACK_CLOSED, by=by, now=now, outcome=CallbackOutcome.DO_NOT_CALL.value)


@transaction.atomic
def stop_mail(lead: Lead, *, channel: ConsentChannel, by: events.Actor, now: dt.datetime) -> None:
    """No news and no reminders any more: only answers to what they do themselves."""
    revoke(lead, Purpose.NEWS, channel=channel, by=by, now=now)
    set_reminders(lead, wanted=False, by=by, now=now)


@transaction.atomic
def set_reminders(lead: Lead, *, wanted: bool, by: events.Actor, now: dt.datetime) -> None:
    """Whether they get what they did not just ask for (`MessageKind.unsolicited`). Said again, it changes nothing."""
    others = Lead.objects.live().filter(pk=lead.pk, mail_stopped_at__isnull=not wanted)
    if others.update(mail_stopped_at=None if wanted else now):
        events.record(lead, Verb.MAIL_RESUMED if wanted else Verb.MAIL_STOPPED, by=by, now=now)


def todays_text(purpose: Purpose) -> ConsentText:
    """The exact words as they stand in front of people today, kept whatever becomes of them."""
    (text,) = _kept({purpose: terms.current().documents[purpose]})
    return text


def _kept(documents: Mapping[Purpose, Document]) -> list[ConsentText]:
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
