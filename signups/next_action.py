"""What is to be done next for a lead: one thing, read from what stands in the database."""

import datetime as dt
from dataclasses import dataclass

from .models import Lead, Trial
from .states import LeadStatus

SOON = dt.timedelta(hours=48)


@dataclass(frozen=True)
class NextAction:
    """`key` says which control does it; `at` is when it is due, if there is such a time."""

    key: str
    text: str
    at: dt.datetime | None = None


def next_action(
    lead: Lead, trial: Trial | None, callback_at: dt.datetime | None, began_at: dt.datetime | None, now: dt.datetime
) -> NextAction | None:
    """The most urgent thing; None for a lead that is closed, gone, or well looked after.

    `callback_at` is when an open callback must have been made (`CallbackRequestQuerySet.open`), `began_at` when a call
    began of which nobody has said how it went (`OnboardingCallQuerySet.unsettled`).
    """
    if callback_at:
        return NextAction("callback", "Call back", callback_at)
    if began_at:
        return NextAction("call", "Say how the call went", began_at)
    if trial and trial.refund_is_owed:
        return NextAction("refund", "Send their money back", trial.refund_requested_at)
    ends_at = trial.ends_at if trial and not trial.converted_at else None
    if lead.status == LeadStatus.NEW:
        return NextAction("contact", "Make contact")
    if lead.status not in (LeadStatus.CONTACTED, LeadStatus.QUALIFIED):
        return None
    if ends_at and now < ends_at <= now + SOON:
        return NextAction("contact", "Ask how it went: the trial ends", ends_at)
    if lead.status == LeadStatus.CONTACTED:
        return NextAction("qualify", "Find out whether care may fit")
    return NextAction("convert", "Agree on what follows the trial")
