from .callbacks import CallAttempt, CallbackRequest
from .calls import OnboardingCall
from .consents import Consent, ConsentText
from .events import Event
from .heartbeats import Heartbeat
from .hosts import AvailabilityRule, DateOverride, Holiday, Host, TimeOff
from .leads import Lead
from .messages import Message
from .notes import Note
from .openings import OpeningRequest
from .rates import RateCount
from .suppressions import Suppression
from .tallies import Tally
from .trials import Trial
from .turns import Turn

__all__ = [
    "AvailabilityRule",
    "CallAttempt",
    "CallbackRequest",
    "Consent",
    "ConsentText",
    "DateOverride",
    "Event",
    "Heartbeat",
    "Holiday",
    "Host",
    "Lead",
    "Message",
    "Note",
    "OnboardingCall",
    "OpeningRequest",
    "RateCount",
    "Suppression",
    "Tally",
    "TimeOff",
    "Trial",
    "Turn",
]
