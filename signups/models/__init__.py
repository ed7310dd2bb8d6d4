from .callbacks import CallAttempt, CallbackRequest
from .consents import Consent, ConsentText
from .events import Event
from .leads import Lead
from .messages import Message
from .notes import Note
from .openings import OpeningRequest
from .rates import RateCount
from .suppressions import Suppression
from .trials import Trial
from .turns import Turn

__all__ = [
    "CallAttempt",
    "CallbackRequest",
    "Consent",
    "ConsentText",
    "Event",
    "Lead",
    "Message",
    "Note",
    "OpeningRequest",
    "RateCount",
    "Suppression",
    "Trial",
    "Turn",
]
