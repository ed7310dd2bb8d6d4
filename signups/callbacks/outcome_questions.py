"""What staff read before an outcome that ends something is logged."""

import datetime as dt

from django.utils import timezone

from clinic.lib import time_zones
from signups.leads.models import Lead
from signups.leads.open_work import open_work
from signups.leads.undo import STAFF_UNDO_WINDOW
from signups.messages import kinds
from signups.messages.notices import tell_them, ways_to_reach, why_unreached

from .choices import CallOutcome
from .emails import CALLBACK_UNREACHABLE

SENT_WHEN_FINAL = "That is sent when it can no longer be undone, or at once if the call begins within two hours."


def cancel_notice(lead: Lead) -> str:
    """Return who is notified of the canceled call of `lead`, and whom staff have to call or write to."""
    is_reached = ways_to_reach(lead, kinds.get("call_cancelled"))
    whom = f"{lead} and the host are" if is_reached else "The host is"
    notice = f"{whom} notified of the canceled call in one hour, or at once if it begins within two hours."
    return notice if is_reached else f"{notice} {tell_them(lead)}"


def outcome_consequences(lead: Lead, outcome: CallOutcome, now: dt.datetime) -> list[str]:
    """Return, as sentences, what follows from one of FINAL_OUTCOMES, what is sent, and until when it can be undone."""
    until = time_zones.local_time(now + STAFF_UNDO_WINDOW, timezone.get_current_timezone_name())
    undo = f"You can undo this until {until}."
    has_address = bool(ways_to_reach(lead, CALLBACK_UNREACHABLE))
    calls = [item for item in open_work(lead, now) if item.row._meta.model_name == "onboardingcall"]
    match outcome:
        case CallOutcome.WRONG_NUMBER if calls and has_address:
            asked = (
                f"The number is not called again. {lead.email} is asked for another one: their booked call needs it."
            )
            return [asked, SENT_WHEN_FINAL, undo]
        case CallOutcome.WRONG_NUMBER if calls:
            return [f"Their {calls[0]} is canceled: there is no other number, and no email address to ask.", undo]
        case CallOutcome.WRONG_NUMBER if has_address:
            return [
                f"{lead.email} is emailed at {until} that we could not reach them.",
                f"{undo} Nothing is sent before.",
            ]
        case CallOutcome.WRONG_NUMBER:
            return [f"Nothing is sent: {why_unreached(lead)}.", undo]
        case CallOutcome.DO_NOT_CALL:
            canceled = [f"Their {call} is canceled. {cancel_notice(lead)}" for call in calls]
            return ["Consent to calls and texts is withdrawn at once.", *(canceled or ["Nothing is sent."]), undo]
    return ["Nothing is sent.", undo]
