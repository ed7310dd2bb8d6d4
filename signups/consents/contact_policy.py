"""Contact policy: may this person be called, texted or e-mailed now, why not, and what would open a way.

The next step, the buttons, the callback queue, the desk's counters, the call page and the outbox ask these functions
and nothing else. A `Decision` carries its reason in words for staff. `facts_of` loads what the decisions need for many
leads in a constant number of queries.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db.models import TextChoices

from clinic.lib import contact_hours, time_zones
from signups.leads.choices import COMPLAINT, TERMINAL_STATUSES, Channel, LeadStatus
from signups.leads.models import Lead

from .choices import ConsentPurpose
from .models import Consent
from .policy import agrees_to
from .suppression_models import Suppression, TextStop

if TYPE_CHECKING:
    from signups.callbacks.models import CallbackRequest
    from signups.calls.models import OnboardingCall

CALL_OVERRUN = dt.timedelta(hours=1)  # how long after its end a booked call still permits to call
STOPPED = "Don’t call: they asked not to be called."
CALL_AHEAD = dt.timedelta(minutes=10)  # how long before its start, whatever the hour


class Basis(TextChoices):
    """What permits a call."""

    BOOKED_CALL = "booked_call", "the call they booked"
    CALLBACK = "callback", "the callback they asked for"
    CONSENT = "consent", "their consent to calls"


class Remedy(TextChoices):
    """The one act that would open a way to somebody who may not be reached."""

    WAIT = "wait", "Wait until they may be reached."
    RESEND_CONFIRMATION = "resend_confirmation", "Resend the confirmation link."
    CORRECT_NUMBER = "correct_number", "Ask for a number that works, and correct it."
    CORRECT_EMAIL = "correct_email", "Ask for an email address that works, and correct it."
    ADD_CONTACT = "add_contact", "Ask for an email address or a phone number, and add it."
    RECORD_CONSENT = "record_consent", "Record their consent, once they have given it."


@dataclass(frozen=True)
class Decision:
    """Whether a channel is open now; `reason` says why not, `opens_at` when only the hour stands in the way.

    `phone` is the number to call or text, formatted, `tel_link` the link that dials it.
    """

    allowed: bool
    reason: str = ""
    remedy: Remedy | None = None
    opens_at: dt.datetime | None = None
    basis: Basis | None = None
    phone: str = ""
    phone_e164: str = ""
    tel_link: str = ""


@dataclass(frozen=True)
class ContactFacts:
    """What the decisions about one lead depend on, apart from the lead's own row.

    `callback` is the open request, with its due time; `call` the booked call that is ahead or under way, `unsettled`
    the oldest call that began without an outcome, `missed` the last call, if they did not come. `suppressed` holds
    those of the lead's address and number that an erased person left behind. A trial is started by the link in an
    email, which proves the address.
    """

    consents: frozenset[str] = frozenset()
    callback: "CallbackRequest | None" = None
    call: "OnboardingCall | None" = None
    unsettled: "OnboardingCall | None" = None
    missed: "OnboardingCall | None" = None
    has_started_trial: bool = False
    awaits_confirmation: bool = False
    suppressed: frozenset[str] = frozenset()


def facts_of(leads: Iterable[Lead], now: dt.datetime) -> Mapping[int, ContactFacts]:
    """Return the facts of each of `leads`, by key, in five queries."""
    leads = list(leads)
    keys = [lead.pk for lead in leads]
    consents = defaultdict(set)
    in_force = Consent.objects.in_force().filter(lead__in=keys).order_by()
    for lead_id, purpose in in_force.values_list("lead", "text__purpose"):
        consents[lead_id].add(purpose)
    requests: Any = apps.get_model("signups", "CallbackRequest")._default_manager
    waiting = requests.open().filter(lead__in=keys).select_related("claimed_by")
    callbacks = {request.lead_id: request for request in waiting}
    for lead in leads:
        if lead.pk in callbacks:
            callbacks[lead.pk].lead = lead
    calls = defaultdict(list)
    planned: Any = apps.get_model("signups", "OnboardingCall")._default_manager
    for call in (
        planned.standing().filter(lead__in=keys).select_related("host__user", "call_type").order_by("starts_at")
    ):
        calls[call.lead_id].append(call)
    confirmed, waiting = set(), set()
    trials = apps.get_model("signups", "Trial")._default_manager.filter(lead__in=keys).order_by()
    for lead_id, started, cancelled in trials.values_list("lead", "started_at", "cancelled_at"):
        if started:
            confirmed.add(lead_id)
        elif not cancelled:
            waiting.add(lead_id)
    addresses = {address for lead in leads for address in (lead.email, lead.phone_e164) if address}
    suppressed = Suppression.objects.all().among(addresses) if addresses else set()
    return {
        lead.pk: ContactFacts(
            consents=frozenset(consents[lead.pk]),
            callback=callbacks.get(lead.pk),
            **_calls(calls[lead.pk], now),
            has_started_trial=lead.pk in confirmed,
            awaits_confirmation=lead.pk in waiting and lead.pk not in confirmed,
            suppressed=frozenset(suppressed & {lead.email, lead.phone_e164}),
        )
        for lead in leads
    }


def _calls(calls: "list[OnboardingCall]", now: dt.datetime) -> dict[str, Any]:
    """Return the three calls of `ContactFacts` out of all that were not cancelled, oldest first."""
    booked = [call for call in calls if call.status == "booked"]
    last = calls[-1] if calls else None
    return {
        "call": next((call for call in booked if call.ends_at > now - CALL_OVERRUN), None),
        "unsettled": next((call for call in booked if call.starts_at <= now), None),
        "missed": last if last and last.status == "no_show" else None,
    }


def may_call(lead: Lead, now: dt.datetime, facts: ContactFacts | None = None) -> Decision:
    """Decide whether staff may call `lead` at `now`.

    An open callback is consent to that call at its own number, a booked call to that call at the lead's number, both
    unless the lead asked afterwards not to be called. Anything else needs consent to calls. Hours are 8 a.m. to 9 p.m.
    where the person is (47 CFR 64.1200(c)(1)); the booked time itself is theirs, whatever the hour.
    """
    if gone := _gone(lead):
        return gone
    facts = facts or facts_of([lead], now)[lead.pk]
    if _is_time_of_call(lead, facts, now) and lead.phone_e164:
        return _number(lead, Basis.BOOKED_CALL)
    if facts.callback and _not_stopped_since(lead, facts.callback.created_at):
        return may_call_back(facts.callback, now)
    if not lead.phone_e164:
        return Decision(False, "No phone number on file.", Remedy.ADD_CONTACT)
    if facts.call and _not_stopped_since(lead, facts.call.created_at):
        return _in_hours(_number(lead, Basis.BOOKED_CALL), lead.contact_zones(), now, "Don’t call now")
    if lead.do_not_call_at:
        return Decision(False, STOPPED)
    if lead.phone_e164 in facts.suppressed:
        return Decision(False, "Don’t call: this number belongs to someone whose data was erased.")
    if ConsentPurpose.CALLS not in facts.consents:
        return Decision(False, "Don’t call: no consent to phone calls.", Remedy.RECORD_CONSENT)
    return _in_hours(_number(lead, Basis.CONSENT), lead.contact_zones(), now, "Don’t call now")


def may_call_back(request: "CallbackRequest", now: dt.datetime) -> Decision:
    """Decide about the call that an open request asks for, without a query: at its number, in calling hours."""
    lead = request.lead
    if not _not_stopped_since(lead, request.created_at):
        return Decision(False, STOPPED)
    return _in_hours(_number(request, Basis.CALLBACK), callback_zones(request), now, "Don’t call now")


def callback_zones(request: "CallbackRequest") -> list[str]:
    """Return the zones in all of which it must be calling hours for this callback; the first is where they said."""
    return [request.time_zone, *request.lead.contact_zones()]


def in_calling_hours(request: "CallbackRequest", moment: dt.datetime) -> bool:
    """Return whether a call for this callback at `moment` is within calling hours."""
    return contact_hours.CALLING_HOURS.contains(moment, *callback_zones(request))


def may_text(lead: Lead, now: dt.datetime, facts: ContactFacts | None = None) -> Decision:
    """Decide whether `lead` may be sent a text at `now`: as `permits_texts`, in calling hours."""
    facts = facts or facts_of([lead], now)[lead.pk]
    permitted = permits_texts(lead, facts.consents, facts.suppressed)
    return _in_hours(permitted, lead.contact_zones(), now, "Don’t text now") if permitted.allowed else permitted


def permits_texts(
    lead: Lead, consents: Collection[str] | None = None, suppressed: Collection[str] | None = None
) -> Decision:
    """Decide whether `lead` may be sent texts at all, whatever the hour (47 CFR 64.1200(a)).

    `consents` in force and `suppressed` contacts are read where they are not given.
    """
    if gone := _gone(lead):
        return gone
    if not settings.TEXT_BACKEND:
        return Decision(False, "The clinic sends no texts.")
    if not lead.phone_e164:
        return Decision(False, "No phone number on file.", Remedy.ADD_CONTACT)
    if lead.texts_failed_at:
        return Decision(False, "This number can’t receive texts.")
    if lead.no_texts_at:
        return Decision(False, "Don’t text: they opted out of texts.")
    if not (agrees_to(lead, ConsentPurpose.TEXTS) if consents is None else ConsentPurpose.TEXTS in consents):
        return Decision(False, "Don’t text: no consent to texts.", Remedy.RECORD_CONSENT)
    if Suppression.objects.of(lead.phone_e164).exists() if suppressed is None else lead.phone_e164 in suppressed:
        return Decision(False, "Don’t text: this number belongs to someone whose data was erased.")
    if TextStop.objects.of(lead.phone_e164).exists():
        return Decision(False, "Don’t text: this number sent STOP. To get texts again, they can text START.")
    return _number(lead, Basis.CONSENT)


def wants_texts(lead: Lead) -> bool:
    """Return whether `lead` chose texts and may be sent them."""
    return lead.preferred_channel == Channel.TEXT and permits_texts(lead).allowed


def may_email(lead: Lead, now: dt.datetime, facts: ContactFacts | None = None, *, news: bool = False) -> Decision:
    """Decide whether staff may e-mail `lead` at `now`; `news` is marketing, which needs consent of its own."""
    if gone := _gone(lead):
        return gone
    facts = facts or facts_of([lead], now)[lead.pk]
    if not lead.email:
        return Decision(False, "No email address on file.", Remedy.ADD_CONTACT)
    if stopped := _email_stopped(lead):
        return stopped
    if not facts.has_started_trial:
        remedy = Remedy.RESEND_CONFIRMATION if facts.awaits_confirmation else None
        why = "Their email address isn’t confirmed."
        return Decision(False, why, remedy)
    if lead.email in facts.suppressed:
        return Decision(False, "This address belongs to someone whose data was erased. They can’t be emailed.")
    if news and ConsentPurpose.NEWS not in facts.consents:
        return Decision(False, "No consent to email newsletters.", Remedy.RECORD_CONSENT)
    return Decision(True)


def may_deliver_unsolicited(lead: Lead) -> Decision:
    """Decide, just before delivery, about e-mail that answers no act of the lead's own, such as a reminder."""
    if stopped := _email_stopped(lead):
        return stopped
    if Suppression.objects.of(lead.email).exists():
        return Decision(False, "This address belongs to someone whose data was erased. They can’t be emailed.")
    return Decision(True)


DECIDED_BY = {Channel.CALL: may_call, Channel.TEXT: may_text, Channel.EMAIL: may_email}
DESK_CHANNELS = (Channel.CALL, Channel.EMAIL)  # what staff can use from the desk, in order; texts where they are chosen


@dataclass(frozen=True)
class ContactPlan:
    """The decisions about one lead, and which channel to use: `channel` is None when none is open now.

    `blocked` is then the decision that says what would open a way.
    """

    decisions: Mapping[Channel, Decision]
    channel: Channel | None
    blocked: Decision | None = None


def contact_plan(lead: Lead, now: dt.datetime, facts: ContactFacts | None = None) -> ContactPlan:
    """Return the channel to reach `lead` by: the preferred one if it is open, else another open one."""
    facts = facts or facts_of([lead], now)[lead.pk]
    chosen = (Channel.TEXT,) if lead.preferred_channel == Channel.TEXT else ()
    order = sorted((*chosen, *DESK_CHANNELS), key=lambda channel: channel != lead.preferred_channel)
    decisions = {channel: DECIDED_BY[channel](lead, now, facts) for channel in order}
    for channel, decision in decisions.items():
        if decision.allowed:
            return ContactPlan(decisions, channel)
    ranks = list(Remedy)
    # The first remedy of the list that applies; without any, the reason of the preferred channel.
    blocked = min(decisions.values(), key=lambda one: ranks.index(one.remedy) if one.remedy else len(ranks))
    return ContactPlan(decisions, None, blocked)


def _number(whose: "Lead | CallbackRequest", basis: Basis) -> Decision:
    """Permit the number of `whose`, unless nobody should dial it."""
    lead: Any = getattr(whose, "lead", whose)
    if lead.wrong_number_at and whose.phone_e164 == lead.phone_e164:
        return Decision(False, "Don’t call: someone else answers at this number.", Remedy.CORRECT_NUMBER)
    if special := whose.special_number:
        return Decision(False, f"Don’t call: this is a {special}.", Remedy.ADD_CONTACT)
    return Decision(
        True, basis=basis, phone=whose.phone_formatted, phone_e164=whose.phone_e164, tel_link=whose.tel_link
    )


def _in_hours(permitted: Decision, zones: Sequence[str], now: dt.datetime, refusal: str) -> Decision:
    """Return `permitted`, refused outside the calling hours of any of `zones`; the first is where the person is."""
    opens_at = contact_hours.CALLING_HOURS.next(now, *zones)
    if opens_at <= now or not permitted.allowed:
        return permitted
    zone = zones[0]
    here, there = (time_zones.local_time(moment, zone) for moment in (now, opens_at))
    why = f"{refusal}: outside calling hours. It’s {here} in {time_zones.city_name(zone)}; opens at {there} their time."
    return replace(permitted, allowed=False, reason=why, remedy=Remedy.WAIT, opens_at=opens_at)


def _email_stopped(lead: Lead) -> Decision | None:
    if lead.unsubscribed_at:
        return Decision(False, "They unsubscribed.")
    if lead.email_failure == COMPLAINT:
        return Decision(False, "They marked our email as spam.")
    if lead.email_bounced_at:
        return Decision(False, "Their email address doesn’t work: our email bounced.", Remedy.CORRECT_EMAIL)
    return None


def _is_time_of_call(lead: Lead, facts: ContactFacts, now: dt.datetime) -> bool:
    call = facts.call
    return (
        call is not None
        and _not_stopped_since(lead, call.created_at)
        and call.starts_at - CALL_AHEAD <= now < call.ends_at + CALL_OVERRUN
    )


def _not_stopped_since(lead: Lead, moment: dt.datetime) -> bool:
    """Return whether `lead` did not ask to be left alone after `moment`.

    What they ask for at the very instant of a stop came after it: a stop ends everything that is open.
    """
    return lead.do_not_call_at is None or lead.do_not_call_at <= moment


def _gone(lead: Lead) -> Decision | None:
    if lead.status in TERMINAL_STATUSES:
        return Decision(False, f"This lead was {LeadStatus(lead.status).label.lower()}.")
    return None
