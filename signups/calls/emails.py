"""E-mails about an onboarding call, with iCalendar invitations."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Greatest
from django.urls import reverse

from clinic.lib import normalization, time_zones
from signups.calendars.models import CalendarConnection
from signups.consents.contact_policy import wants_texts
from signups.hosts.models import Host
from signups.leads.models import Lead
from signups.messages import kinds
from signups.messages.choices import CalendarMethod, MessageChannel, MessageStatus
from signups.messages.kinds import MessageKind, register
from signups.messages.models import OutboxMessage, OutboxMessageQuerySet
from signups.messages.outbox import enqueue, portal_link_context, render, render_text
from signups.offer import current_offer
from signups.scheduling.icalendar_invites import CalendarEntry, render_invitation

from . import availability
from .choices import CallStatus, OfferStatus
from .earlier_time_models import SlotOffer
from .models import OnboardingCall


def _is_current(message: OutboxMessage, now: dt.datetime) -> bool:
    """Return whether the call is still booked in this version and has not begun."""
    call = message.call
    if call is None or now >= call.starts_at:
        return False
    return (call.status, call.sequence) == (CallStatus.BOOKED, message.call_sequence)


def _is_day_before(message: OutboxMessage, now: dt.datetime) -> bool:
    """Return whether the call is still to be announced: not when the hour before it has come."""
    return _is_current(message, now) and message.call is not None and now < message.call.starts_at - AN_HOUR


def _lacks_number(message: OutboxMessage, now: dt.datetime) -> bool:
    """Return whether the call stands and they have not given a number since."""
    call = message.call
    stands = call is not None and call.status == CallStatus.BOOKED and now < call.starts_at
    return stands and not message.lead.has_number_to_call


def _still_not_theirs(message: OutboxMessage, now: dt.datetime) -> bool:
    """Return whether the call is off for the host it was written to: it may be theirs again."""
    call = message.call
    return not (call and call.status == CallStatus.BOOKED and call.host_id == message.host_id)


def _context(call: OnboardingCall, lead: Lead) -> dict[str, Any]:
    links = portal_link_context(lead)
    return {
        "host": call.host,
        "call_name": call.call_type.words,
        "is_free": call.call_type.is_onboarding,
        "when": time_zones.format_moment(call.starts_at, lead.time_zone),
        "when_short": time_zones.format_short(call.starts_at, lead.time_zone),
        "call_phone": lead.phone_formatted
        if links["my"] and lead.has_number_to_call
        else "",  # an unconfirmed address may be somebody else's
        **links,
    }


def _context_at_sending(message: OutboxMessage) -> dict[str, Any]:
    return _context(message.call, message.lead) if message.call else {}


def _offer_is_open(message: OutboxMessage, now: dt.datetime) -> bool:
    offers = SlotOffer.objects.open(now).filter(request__call=message.call, request__closed_at=None)
    offer = offers.select_related("host", "request__call__call_type").first()
    return offer is not None and availability.offer_stands(offer, now)


def _offer_at_sending(message: OutboxMessage) -> dict[str, Any]:
    offer = SlotOffer.objects.filter(request__call=message.call, status=OfferStatus.OPEN).first()
    return _offer_context(message.call, message.lead, offer) if message.call and offer else {}


def _offer_context(call: OnboardingCall, lead: Lead, offer: SlotOffer) -> dict[str, Any]:
    moments = {"offered": offer.starts_at, "offered_until": offer.expires_at}
    return _context(call, lead) | {
        **{name: time_zones.format_moment(moment, lead.time_zone) for name, moment in moments.items()},
        "offered_short": time_zones.format_short(offer.starts_at, lead.time_zone),
        "offered_host": offer.host,
    }


AN_HOUR = dt.timedelta(hours=1)
IN_MESSAGES = frozenset({"name", "email", "phone_e164", "preferred_channel"})  # details that messages depend on
BOTH = (MessageChannel.EMAIL, MessageChannel.TEXT)
CALL_BOOKED = register(MessageKind("call_booked", "your call is booked", channels=BOTH, still_relevant=_is_current))
CALL_MOVED = register(MessageKind("call_moved", "your call has changed", channels=BOTH, still_relevant=_is_current))
CALL_CANCELLED = register(MessageKind("call_cancelled", "your call is canceled", channels=BOTH))
CALL_DAY_BEFORE = register(
    MessageKind(
        "call_day_before",
        "reminder of the call, a day before",
        channels=BOTH,
        still_relevant=_is_day_before,
        context_at_sending=_context_at_sending,
    )
)
CALL_HOUR_BEFORE = register(
    MessageKind(
        "call_hour_before",
        "reminder of the call, an hour before",
        channels=BOTH,
        still_relevant=_is_current,
        context_at_sending=_context_at_sending,
    )
)
CALL_NEEDS_NUMBER = register(
    MessageKind("call_needs_number", "your call needs a phone number", still_relevant=_lacks_number)
)
EARLIER_TIME = register(
    MessageKind(
        "earlier_time",
        "an earlier time is open for your call",
        channels=BOTH,
        still_relevant=_offer_is_open,
        context_at_sending=_offer_at_sending,
        quiet_hours=True,
    )
)
HOST_CALL = register(
    MessageKind("host_call", "to the host: a call", to_staff=True, survives_erasure=True, still_relevant=_is_current)
)
HOST_CALL_CANCELLED = register(
    MessageKind(
        "host_call_cancelled",
        "Host: call canceled or reassigned",
        to_staff=True,
        survives_erasure=True,
        still_relevant=_still_not_theirs,
    )
)

REMINDERS = {CALL_DAY_BEFORE: dt.timedelta(hours=24), CALL_HOUR_BEFORE: AN_HOUR}


@dataclass(frozen=True)
class Placement:
    """Whose a call is and when, also before it was changed."""

    host: Host
    starts_at: dt.datetime
    ends_at: dt.datetime

    @classmethod
    def of(cls, call: OnboardingCall) -> Self:
        return cls(call.host, call.starts_at, call.ends_at)


def call_booked(call: OnboardingCall, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the booking confirmation with an invitation.

    A repeat carries the same invitation with a newer DTSTAMP. None without an e-mail address.
    """
    resends = call.messages.filter(kind=CALL_BOOKED.value).count()
    return _to_patient(CALL_BOOKED, call, now, resends=resends)


def announce_booking(call: OnboardingCall, *, now: dt.datetime) -> None:
    """Tell patient and host of a new call, after any earlier call whose cancellation was still held back."""
    send_cancellations(call.lead, now)  # (they are not undone any more)
    call_booked(call, now=now)
    host_call(call, now=now)
    call_reminders(call, now=now)


def confirmed_to(call: OnboardingCall, address: str) -> bool:
    """Return whether the latest invitation of the call went, or goes, to this address."""
    sent = call.messages.filter(host=None, call_sequence__lte=call.sequence).exclude(calendar="")
    last = sent.order_by("-created_at").first()
    return last is not None and last.to == address


def call_changed(call: OnboardingCall, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue an update of the invitation: new time or host. Once per change."""
    return _to_patient(CALL_MOVED, call, now)


def call_cancelled(call: OnboardingCall, *, now: dt.datetime, send_at: dt.datetime) -> OutboxMessage | None:
    """Enqueue the cancellation, also for the patient's calendar. Once per version of the call."""
    return _to_patient(CALL_CANCELLED, call, now, send_at=send_at)


def unsent_cancellations(lead: Lead, now: dt.datetime) -> OutboxMessageQuerySet:
    """Return the messages that a call of `lead` is canceled which wait until that can no longer be undone."""
    return lead.messages.pending().filter(
        kind__in=[CALL_CANCELLED.value, HOST_CALL_CANCELLED.value], call__status=CallStatus.CANCELLED, send_at__gt=now
    )


def send_cancellations(lead: Lead, now: dt.datetime) -> None:
    """Send what waits until a cancellation can no longer be undone, at once."""
    unsent_cancellations(lead, now).update(send_at=Greatest("created_at", models.Value(now)))


def withdraw_cancellation(call: OnboardingCall, now: dt.datetime) -> None:
    """Cancel the held messages of a call that is back at its former version, and resume those of that version.

    What was for an address or a number that they have given up since is not resumed.
    """
    for message in unsent_cancellations(call.lead, now).filter(call=call):
        message.dedupe_key = f"{message.kind}:withdrawn:{message.pk}"  # (it may be canceled again)
        message.status = MessageStatus.CANCELLED
        message.save(update_fields=["dedupe_key", "status"])
    dropped = call.messages.filter(call_sequence=call.sequence, status=MessageStatus.CANCELLED)
    former = Q(host=None) & ~Q(to__in=[call.lead.email, call.lead.phone_e164])
    dropped.exclude(former).update(status=MessageStatus.PENDING)  # (the send policy decides again about each)
    follow_details(call, IN_MESSAGES, now=now)


def call_needs_number(call: OnboardingCall, *, now: dt.datetime, send_at: dt.datetime) -> OutboxMessage | None:
    """Enqueue the request for another number: somebody else answers at the one on file."""
    asked = call.messages.filter(kind=CALL_NEEDS_NUMBER.value, call_sequence=call.sequence).count()
    return _to_patient(CALL_NEEDS_NUMBER, call, now, invite=False, resends=asked, send_at=send_at)


def earlier_time_offered(offer: SlotOffer, *, now: dt.datetime) -> OutboxMessage | None:
    """Enqueue the offer of an earlier time. Once per offer."""
    call = offer.request.call
    return _enqueue(EARLIER_TIME, call, f"offer{offer.pk}", now=now, context=_offer_context(call, call.lead, offer))


def call_reminders(call: OnboardingCall, *, now: dt.datetime) -> None:
    """Enqueue the reminders 24 hours and 1 hour before the call, unless already past or declined at the booking.

    Once per version of the call and channel: a repeat resumes those that lacked an address, and writes those of a
    channel that they have chosen since.
    """
    if not call.reminders:
        return
    written = call.messages.filter(kind__in=[kind.value for kind in REMINDERS], call_sequence=call.sequence)
    known = list(written.values_list("kind", "channel", "status"))
    if any(status == MessageStatus.CANCELLED for *_, status in known):
        _resume(written.filter(status=MessageStatus.CANCELLED, send_at__gte=now), call.lead)
    for kind, ahead in REMINDERS.items():
        if call.starts_at - ahead >= now:
            channels = [channel for value, channel, _ in known if value == kind.value]
            _to_patient(kind, call, now, invite=False, send_at=call.starts_at - ahead, without=channels)


def _resume(reminders: OutboxMessageQuerySet, lead: Lead) -> None:
    """Let reminders wait again, at the addresses of today, on the channels that they want today."""
    addresses = {MessageChannel.EMAIL: lead.email, MessageChannel.TEXT: lead.phone_e164 if wants_texts(lead) else ""}
    for channel, to in addresses.items():
        if to:
            reminders.filter(channel=channel).update(status=MessageStatus.PENDING, to=to)


def host_call(call: OnboardingCall, *, now: dt.datetime) -> OutboxMessage | None:
    """Notify the host of a new or changed call. Once per version of the call."""
    return _to_host(HOST_CALL, call, Placement.of(call), now)


def host_call_renamed(call: OnboardingCall, *, now: dt.datetime) -> OutboxMessage | None:
    """Send the host's invitation again when the lead's initials, its title, have changed; else return None."""
    last = call.messages.filter(kind=HOST_CALL.value, host=call.host).order_by("-created_at").first()
    if last is None or normalization.initials(call.lead.name) in last.subject:
        return None
    resends = call.messages.filter(kind=HOST_CALL.value, call_sequence=call.sequence).count()
    return _to_host(HOST_CALL, call, Placement.of(call), now, resends=resends)


def host_call_cancelled(
    call: OnboardingCall, before: Placement, *, now: dt.datetime, send_at: dt.datetime | None = None
) -> OutboxMessage | None:
    """Notify the host of `before`, at the time that was theirs, that the call was cancelled or reassigned.

    Once per version of the call.
    """
    return _to_host(HOST_CALL_CANCELLED, call, before, now, send_at=send_at or now)


def follow_details(call: OnboardingCall, changed: frozenset[str], *, now: dt.datetime) -> None:
    """Let what was written about a booked call follow the `changed` details of its lead."""
    refresh_pending(call, now=now)
    if "email" in changed and call.lead.email and not confirmed_to(call, call.lead.email):
        call_booked(call, now=now)
    if changed & {"email", "phone_e164", "preferred_channel"}:
        call_reminders(call, now=now)
    if "name" in changed and host_call_renamed(call, now=now):
        call.calendar_copies.update(is_outdated=True)
        CalendarConnection.objects.filter(host=call.host_id).update(next_check_at=now)


def refresh_pending(call: OnboardingCall, *, now: dt.datetime) -> None:
    """Write what waits for the patient again, for the name, zone, number and address of today.

    Reminders are rendered when they are sent.
    """
    at_sending = [kind.value for kind in kinds.registered() if kind.context_at_sending]
    for message in call.messages.pending().filter(host=None).exclude(kind__in=at_sending):
        as_text = message.channel == MessageChannel.TEXT
        written = (render_text if as_text else render)(kinds.get(message.kind), call.lead, _context(call, call.lead))
        columns = {"subject": written.subject, "text": written.text, "html": written.html}
        if message.calendar and call.lead.email:
            columns |= _invitation(_entry(call, _patient_summary(call), now), call.lead.email)
        OutboxMessage.objects.pending().filter(pk=message.pk).update(**columns)


def host_entry(call: OnboardingCall, *, stamp: dt.datetime, before: Placement | None = None) -> CalendarEntry:
    """Return the host's calendar entry of `call`; the lead appears only by initials.

    With `before`, the entry is cancelled at that time, for the host whose it was.
    """
    return _entry(call, f"{call.call_type.title} with {normalization.initials(call.lead.name)}", stamp, before)


def _entry(call: OnboardingCall, summary: str, stamp: dt.datetime, before: Placement | None = None) -> CalendarEntry:
    cancelled = before is not None or call.status == CallStatus.CANCELLED
    at = before or Placement.of(call)
    return CalendarEntry(
        *(call.uid, call.sequence, at.starts_at, at.ends_at, stamp, summary),
        organizer=call.organizer,
        organizer_name=current_offer().clinic_name,
        cancelled=cancelled,
    )


def _patient_summary(call: OnboardingCall) -> str:
    words = call.call_type.words
    return f"{words[:1].upper()}{words[1:]} with {current_offer().clinic_name}"


def _to_patient(
    kind: MessageKind,
    call: OnboardingCall,
    now: dt.datetime,
    *,
    invite: bool = True,
    resends: int = 0,
    **columns: Any,
) -> OutboxMessage | None:
    """Enqueue an email, and a text if they chose texts; None when neither can be sent."""
    lead = call.lead
    if invite and lead.email:
        columns |= _invitation(_entry(call, _patient_summary(call), now), lead.email)
    return _enqueue(kind, call, resends, now=now, context=_context(call, lead), **columns)


def _to_host(
    kind: MessageKind,
    call: OnboardingCall,
    at: Placement,
    now: dt.datetime,
    *,
    resends: int = 0,
    send_at: dt.datetime | None = None,
) -> OutboxMessage | None:
    """Enqueue a message to the host of `at`, with initials as the only patient data."""
    host = at.host
    to = host.user.email or current_offer().mailbox
    entry = host_entry(call, stamp=now, before=at if kind is HOST_CALL_CANCELLED else None)
    context = {
        "initials": normalization.initials(call.lead.name),
        "call_noun": call.call_type.noun,
        "call_title": call.call_type.title,
        "when": time_zones.format_moment(at.starts_at, host.time_zone),
        "when_short": time_zones.format_short(at.starts_at, host.time_zone),
        "link": settings.SITE_URL + reverse("admin:signups_onboardingcall_call", args=[call.public_id]),
    }
    columns = {"to": to, "host": host, "send_at": send_at or now, **_invitation(entry, to)}
    detail = f"{host.pk}.{resends}" if resends else str(host.pk)
    return _enqueue(kind, call, detail, now=now, context=context, **columns)


def _enqueue(kind: MessageKind, call: OnboardingCall, detail: int | str, **rest: Any) -> OutboxMessage | None:
    """Enqueue a message once per version of the call and `detail`."""
    occasion = f"{call.pk}.{call.sequence}.{detail}"
    return enqueue(kind, call.lead, occasion, call=call, call_sequence=call.sequence, **rest)


def _invitation(entry: CalendarEntry, to: str) -> dict[str, Any]:
    """Return the message columns that carry `entry` as an iCalendar attachment."""
    text = render_invitation(entry, attendee=to)
    return {"calendar": text, "calendar_method": CalendarMethod.CANCEL if entry.cancelled else CalendarMethod.REQUEST}
