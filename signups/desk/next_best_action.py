"""The next best action for a lead, derived from its data."""

import datetime as dt
from dataclasses import dataclass

from signups.leads.choices import Channel, LeadStatus
from signups.leads.models import Lead
from signups.trials.models import Trial

TRIAL_ENDS_SOON = dt.timedelta(hours=48)
RETRY_AFTER = dt.timedelta(days=1)  # after a failed contact attempt


@dataclass(frozen=True)
class NextAction:
    """`key` names the control on the lead page; `at` is the due time, if any."""

    key: str
    text: str
    at: dt.datetime | None = None


def next_action(
    lead: Lead,
    trial: Trial | None,
    now: dt.datetime,
    *,
    callback_at: dt.datetime | None = None,
    began_at: dt.datetime | None = None,
    contact_at: dt.datetime | None = None,
) -> NextAction | None:
    """Return the most urgent action; None when there is nothing to do.

    `callback_at` is the due time of an open callback (`CallbackRequestQuerySet.open`), `began_at` the start of a call
    without an outcome (`OnboardingCallQuerySet.unsettled`), `contact_at` the last contact attempt.
    """
    if callback_at:
        return NextAction("callback", "Call back", callback_at)
    if began_at:
        return NextAction("call", "Log the call outcome", began_at)
    if trial and trial.refund_is_owed:
        return NextAction("refund", "Issue refund", trial.refund_requested_at)
    if lead.status == LeadStatus.NEW:
        return NextAction("contact", "Follow up", contact_at + RETRY_AFTER) if contact_at else _first_contact(lead)
    if lead.status not in (LeadStatus.CONTACTED, LeadStatus.QUALIFIED):
        return None
    ends_at = trial.ends_at if trial and not trial.converted_at and not trial.cancelled_at else None
    contacted_near_end = contact_at is not None and ends_at is not None and contact_at >= ends_at - TRIAL_ENDS_SOON
    if ends_at and now < ends_at <= now + TRIAL_ENDS_SOON and not contacted_near_end:
        return NextAction("contact", "Check in: trial ending", ends_at)
    if lead.status == LeadStatus.CONTACTED:
        return NextAction("qualify", "Qualify")
    if trial and trial.may_be_converted:
        return NextAction("convert", "Discuss next steps after the trial")
    return NextAction("wait", "No active trial. Close this lead, or wait for them to start one.")


def _first_contact(lead: Lead) -> NextAction:
    if lead.email and (not lead.phone or lead.preferred_channel == Channel.EMAIL):
        return NextAction("write", "Send first email (prefers email)")
    return NextAction("contact", "Make first contact")
