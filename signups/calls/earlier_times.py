"""The waiting list for earlier times: a freed time is held for one person at a time, in the order of the line.

Lock order: the host, then the freed time. The host's lock, which every booking takes, keeps a time from being offered
and booked at once; constraints keep it from being offered twice.
"""

import datetime as dt
from collections.abc import Callable, Iterator

from django.db import IntegrityError, transaction

from clinic.lib.contact_hours import EMAIL_HOURS
from signups.audit.actions import Actor, record_event
from signups.audit.choices import AuditAction
from signups.hosts.models import Host
from signups.leads.models import Lead
from signups.offer import current_offer
from signups.scheduling import slots

from . import availability, emails
from .choices import CallStatus, OfferStatus
from .earlier_time_models import EarlierTimeRequest, FreedSlot, SlotOffer
from .emails import Placement
from .models import OnboardingCall

OFFER_LENGTH = dt.timedelta(hours=2)
SHORTEST_OFFER = dt.timedelta(minutes=30)  # what leaves less time to answer is not offered


def can_be_offered(lead: Lead) -> bool:
    """Return whether offers reach `lead`: by email, with a link to the private page; a text only points to it."""
    return bool(lead.email) and lead.email_bounced_at is None and lead.has_started_trial()


@transaction.atomic
def join_waiting_list(*, call: OnboardingCall, by: Actor, now: dt.datetime) -> None:
    """Put the person of an upcoming call on the list. Idempotent."""
    list(Lead.objects.select_for_update().filter(pk=call.lead_id))
    current = OnboardingCall.objects.upcoming(now).filter(pk=call.pk).first()
    if current and not current.earlier_time_requests.filter(closed_at=None).exists():
        EarlierTimeRequest.objects.create(call=current, created_at=now)
        record_event(current.lead, AuditAction.EARLIER_TIME_ASKED, by=by, now=now)


@transaction.atomic
def leave_waiting_list(*, call: OnboardingCall, by: Actor, now: dt.datetime) -> None:
    """Take the person off the list; a time held for them goes to the next. Idempotent."""
    SlotOffer.objects.filter(request__call=call, status=OfferStatus.OPEN).update(status=OfferStatus.DECLINED)
    if call.earlier_time_requests.filter(closed_at=None).update(closed_at=now):
        record_event(call.lead, AuditAction.EARLIER_TIME_DROPPED, by=by, now=now)


def decline_offer(*, call: OnboardingCall, start: dt.datetime) -> None:
    """Pass the time held for this call on to the next. Idempotent."""
    offers = SlotOffer.objects.filter(request__call=call, starts_at=start, status=OfferStatus.OPEN)
    offers.update(status=OfferStatus.DECLINED)


def open_offer(call: OnboardingCall, now: dt.datetime) -> SlotOffer | None:
    """Return the time that is held for this call, if it can still be taken."""
    offers = SlotOffer.objects.open(now).filter(request__call=call, request__closed_at=None)
    offer = offers.select_related("host__user", "request__call__call_type").first()
    return offer if offer and availability.offer_stands(offer, now) else None


def is_promised(call: OnboardingCall, now: dt.datetime) -> bool:
    """Return whether the time of a canceled call is held for somebody."""
    overlapping = {"blocked_from__lt": call.blocked_to, "blocked_to__gt": call.blocked_from}
    return SlotOffer.objects.open(now).filter(host=call.host_id, **overlapping).exists()


def keep_slot(call: OnboardingCall, now: dt.datetime) -> None:
    """Offer the time of the call to nobody: its cancellation is undone."""
    FreedSlot.objects.filter(host=call.host_id, starts_at=call.starts_at, settled_at=None).update(settled_at=now)


def follow_change(call: OnboardingCall, before: Placement, now: dt.datetime, *, offer_at: dt.datetime) -> None:
    """End the offer that a change of the call accepted or made pointless, and note the time that the call left.

    It is offered from `offer_at` on, when the change cannot be undone.
    """
    for offer in SlotOffer.objects.filter(request__call=call, status=OfferStatus.OPEN):
        stands = call.status == CallStatus.BOOKED
        if stands and (offer.host_id, offer.starts_at) == (call.host_id, call.starts_at):
            FreedSlot.objects.filter(pk=offer.freed_slot_id).update(settled_at=now)
            SlotOffer.objects.filter(pk=offer.pk).update(status=OfferStatus.ACCEPTED)
        elif not stands or offer.starts_at >= call.starts_at:
            SlotOffer.objects.filter(pk=offer.pk).update(status=OfferStatus.WITHDRAWN)
    if before.starts_at > now and EarlierTimeRequest.objects.open(now).exclude(call=call).exists():
        freed = FreedSlot(host=before.host, starts_at=before.starts_at, created_at=offer_at)
        FreedSlot.objects.bulk_create([freed], ignore_conflicts=True)  # (it may wait to be offered already)


def offer_freed_slots(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: end what has expired or is no longer free, and offer each free time to the next in line.

    Returns the number of offers.
    """
    now = clock()
    SlotOffer.objects.filter(status=OfferStatus.OPEN, expires_at__lte=now).update(status=OfferStatus.EXPIRED)
    for offer in SlotOffer.objects.open(now).select_related("host", "request__call__call_type"):
        if not availability.offer_stands(offer, now):
            SlotOffer.objects.filter(pk=offer.pk, status=OfferStatus.OPEN).update(status=OfferStatus.WITHDRAWN)
    FreedSlot.objects.filter(settled_at=None, starts_at__lte=now).update(settled_at=now)
    waiting = FreedSlot.objects.filter(settled_at=None, created_at__lte=now).exclude(offers__status=OfferStatus.OPEN)
    return sum(_offer(pk, host_id, now) for pk, host_id in waiting.values_list("pk", "host_id"))


@transaction.atomic
def _offer(pk: int, host_id: int, now: dt.datetime) -> bool:
    """Offer one freed time to the first in line who can take it and is awake; settle what nobody wants."""
    host = Host.objects.filter(pk=host_id).locked().get()
    freed = FreedSlot.objects.select_for_update().filter(pk=pk, settled_at=None).first()
    if freed is None or freed.offers.filter(status=OfferStatus.OPEN).exists():
        return False
    asleep = False
    for request, rules in _line(freed, host, now):
        lead, expires_at = request.call.lead, min(now + OFFER_LENGTH, freed.starts_at - rules.notice)
        if not EMAIL_HOURS.contains(now, *lead.contact_zones()):
            asleep = True
        elif _hold(freed, request, rules, expires_at, now):
            return True
    if not asleep:
        FreedSlot.objects.filter(pk=pk).update(settled_at=now)
    return False


def _line(freed: FreedSlot, host: Host, now: dt.datetime) -> Iterator[tuple[EarlierTimeRequest, slots.CallRules]]:
    """Yield who could take the freed time, in order, with the rules of their call."""
    clinic = current_offer()
    (plan,) = availability.load_host_schedules([host], clinic, begin=freed.starts_at, end=freed.starts_at, now=now)
    waiting = EarlierTimeRequest.objects.open(now).filter(call__starts_at__gt=freed.starts_at)
    waiting = waiting.exclude(offers__freed_slot=freed).exclude(offers__status=OfferStatus.OPEN)
    for request in waiting.select_related("call__lead", "call__call_type"):
        rules = request.call.call_type.rules(clinic)
        in_time = freed.starts_at - rules.notice >= now + SHORTEST_OFFER
        holds_it = request.call.call_type.all_hosts().filter(pk=host.pk).exists()
        if in_time and holds_it and can_be_offered(request.call.lead) and _is_free(freed, plan, rules, now):
            yield request, rules


def _is_free(freed: FreedSlot, plan: slots.HostSchedule, rules: slots.CallRules, now: dt.datetime) -> bool:
    try:
        slots.available_hosts(freed.starts_at, [plan], rules, now=now)
    except slots.BookingError:
        return False
    return True


def _hold(
    freed: FreedSlot, request: EarlierTimeRequest, rules: slots.CallRules, expires_at: dt.datetime, now: dt.datetime
) -> bool:
    """Store the offer and enqueue its email; return False where a constraint refuses it."""
    blocked_from, blocked_to = rules.protected(freed.starts_at)
    times = {"starts_at": freed.starts_at, "blocked_from": blocked_from, "blocked_to": blocked_to}
    try:
        with transaction.atomic():
            offer = SlotOffer.objects.create(
                request=request, freed_slot=freed, host=freed.host, created_at=now, expires_at=expires_at, **times
            )
    except IntegrityError:  # offered another time at this moment
        return False
    emails.earlier_time_offered(offer, now=now)
    return True
