"""What is to be done next for a lead: one thing, read from what stands in the database."""

import datetime as dt
from dataclasses import dataclass

from .models import Lead, Trial
from .states import Channel, LeadStatus

SOON = dt.timedelta(hours=48)
AGAIN = dt.timedelta(days=1)  # after a try that reached nobody


@dataclass(frozen=True)
class NextAction:
    """`key` says which control does it; `at` is when it is due, if there is such a time."""

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
    """The most urgent thing; None for a lead that is closed, gone, or well looked after.

    `callback_at` is when an open callback must have been made (`CallbackRequestQuerySet.open`), `began_at` when a call
    began of which nobody has said how it went (`OnboardingCallQuerySet.unsettled`), `contact_at` when we last tried to
    reach them.
    """
    if callback_at:
        return NextAction("callback", "Call back", callback_at)
    if began_at:
        return NextAction("call", "Say how the call went", began_at)
    if trial and trial.refund_is_owed:
        return NextAction("refund", "Send their money back", trial.refund_requested_at)
    if lead.status == LeadStatus.NEW:
        return NextAction("contact", "Try again", contact_at + AGAIN) if contact_at else _first_contact(lead)
    if lead.status not in (LeadStatus.CONTACTED, LeadStatus.QUALIFIED):
        return None
    ends_at = trial.ends_at if trial and not trial.converted_at and not trial.cancelled_at else None
    asked = contact_at is not None and ends_at is not None and contact_at >= ends_at - SOON
    if ends_at and now < ends_at <= now + SOON and not asked:
        return NextAction("contact", "Ask how it went: the trial ends", ends_at)
    if lead.status == LeadStatus.CONTACTED:
        return NextAction("qualify", "Find out whether care may fit")
    if trial and trial.may_be_converted:
        return NextAction("convert", "Agree on what follows the trial")
    return NextAction("wait", "They have no trial that runs: close this, or wait for them to start one")


def _first_contact(lead: Lead) -> NextAction:
    if lead.email and (not lead.phone or lead.preferred_channel == Channel.EMAIL):
        return NextAction("write", "Write to them: e-mail reaches them best")
    return NextAction("contact", "Make contact")
