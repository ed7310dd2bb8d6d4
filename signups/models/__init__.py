from .callbacks import CallAttempt, CallbackRequest
from .consents import Consent, ConsentText
from .events import Event
from .leads import Lead
from .messages import Message
from .rates import RateCount
from .trials import Trial

__all__ = ["CallAttempt", "CallbackRequest", "Consent", "ConsentText", "Event", "Lead", "Message", "RateCount", "Trial"]
