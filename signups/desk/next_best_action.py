"""The next best action for a lead, derived from its data; it never names an act that the contact policy refuses."""

import datetime as dt
from dataclasses import dataclass

from signups.consents.contact_policy import ContactFacts, Remedy, contact_plan, may_call
from signups.followups.models import FollowUp
from signups.leads.choices import OPEN_STATUSES, Channel, LeadStatus
from signups.leads.models import Lead
from signups.trials.models import Trial

TRIAL_ENDS_SOON = dt.timedelta(hours=48)
WAYS = {Channel.CALL: ("contact", "by phone"), Channel.EMAIL: ("write", "by email"), Channel.TEXT: ("text", "by text")}
RETRY_AFTER = dt.timedelta(days=1)  # after a failed contact attempt


@dataclass(frozen=True)
class NextAction:
    """`key` names the control on the lead page; `at` is the due time, if any; `reason` says why nothing else is open.

    With `is_earliest`, `at` is from when to call rather than by when, and never overdue.

    Keys of their own: those of `contact_policy.Remedy`, where no way to the person is open.
    """

    key: str
    text: str
    at: dt.datetime | None = None
    reason: str = ""
    is_earliest: bool = False

    def is_overdue(self, now: dt.datetime) -> bool:
        return self.at is not None and self.at < now and not self.is_earliest


def next_action(
    lead: Lead, trial: Trial | None, now: dt.datetime, facts: ContactFacts, follow_up: FollowUp | None = None
) -> NextAction | None:
    """Return the most urgent action; None when there is nothing to do.

    `follow_up` is the open one that is due first.
    """
    return (
        _owed(lead, trial, now, facts)
        or _appointment(lead, now, facts)
        or (NextAction("follow_up", f"Follow-up: {follow_up.task}", follow_up.due_at) if follow_up else None)
        or (_first_contact(lead, now, facts) if lead.status == LeadStatus.NEW else _pipeline(lead, trial, now, facts))
    )


def _owed(lead: Lead, trial: Trial | None, now: dt.datetime, facts: ContactFacts) -> NextAction | None:
    """Return what somebody waits for: the callback they asked for, a call's outcome, their refund."""
    on_time = facts.unsettled is not None and now < facts.unsettled.ends_at and may_call(lead, now, facts).allowed
    if facts.callback and not on_time:
        opens_at = may_call(lead, now, facts).opens_at
        at, is_retry = max(filter(None, (facts.callback.call_at, opens_at))), facts.callback.next_at is not None
        return NextAction("callback", "Call back", at, is_earliest=is_retry)
    if facts.unsettled:
        text = f"Call now: {facts.unsettled.call_type.noun}" if on_time else "Log the call outcome"
        return NextAction("call", text, facts.unsettled.starts_at)
    if trial and trial.refund_is_owed:
        return NextAction("refund", "Issue refund", trial.refund_requested_at)
    return None


def _appointment(lead: Lead, now: dt.datetime, facts: ContactFacts) -> NextAction | None:
    """Return the booked call that is ahead, or the missed one that nobody has followed up."""
    if facts.call:
        if not lead.has_number_to_call:
            return NextAction(Remedy.ADD_CONTACT, "Ask for a phone number: a call is booked", facts.call.starts_at)
        return NextAction("appointment", f"Hold the {facts.call.call_type.noun}", facts.call.starts_at)
    missed = facts.missed
    is_followed_up = missed and lead.last_contact_at and lead.last_contact_at > missed.starts_at
    if (
        missed
        and not is_followed_up
        and lead.status in OPEN_STATUSES
        and lead.has_number_to_call
        and not lead.do_not_call_at
    ):
        return NextAction("rebook", "Rebook the missed call", missed.starts_at)
    return None


def _first_contact(lead: Lead, now: dt.datetime, facts: ContactFacts) -> NextAction:
    """Return how to reach a new lead: by a way that is open, or the one act that opens one."""
    due = lead.last_contact_at + RETRY_AFTER if lead.last_contact_at else None
    contact = _contact(lead, max(now, due or now), facts, due=due)
    return contact or NextAction("close", "Close this lead: there’s no way left to reach them")


def _contact(
    lead: Lead, moment: dt.datetime, facts: ContactFacts, *, due: dt.datetime | None, why: str = ""
) -> NextAction | None:
    """Return the contact to make at `moment`, or the act that opens a way; None when none is left."""
    plan = contact_plan(lead, moment, facts)
    if plan.channel:
        key, way = WAYS[plan.channel]
        return NextAction(key, why or (f"Follow up {way}" if due else f"Make first contact {way}"), due)
    blocked = plan.blocked
    if blocked is None or blocked.remedy is None:
        return None
    text = blocked.remedy.label.rstrip(".")
    if blocked.remedy == Remedy.WAIT:
        way = "Text" if blocked is plan.decisions.get(Channel.TEXT) else "Call"
        text = f"{way} when calling hours begin there"
    return NextAction(blocked.remedy, text, blocked.opens_at, blocked.reason)


def _pipeline(lead: Lead, trial: Trial | None, now: dt.datetime, facts: ContactFacts) -> NextAction | None:
    """Return the next step with a lead who was contacted or qualified."""
    if lead.status not in (LeadStatus.CONTACTED, LeadStatus.QUALIFIED):
        return None
    ends_at = trial.ends_at if trial and not trial.converted_at and not trial.cancelled_at else None
    contact_at = lead.last_contact_at
    contacted_near_end = contact_at is not None and ends_at is not None and contact_at >= ends_at - TRIAL_ENDS_SOON
    if ends_at and now < ends_at <= now + TRIAL_ENDS_SOON and not contacted_near_end:
        asked = _contact(lead, now, facts, due=ends_at, why="Check in: trial ending")
        if asked and asked.key in ("contact", "write", "text"):
            return asked
    if lead.status == LeadStatus.CONTACTED:
        return NextAction("qualify", "Qualify")
    if trial and trial.may_be_converted:
        return NextAction("convert", "Discuss next steps after the trial")
    return NextAction("wait_for_trial", "No active trial. Close this lead, or wait for them to start one.")
