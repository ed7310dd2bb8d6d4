from signups.messages.models import OutboxMessage
from signups.messages.template_models import EmailTemplate

from .callbacks import CallAttempt, CallbackRequest
from .calls import OnboardingCall
from .canaries import Canary
from .consents import Consent, ConsentText
from .copies import CopyPart, DataCopy
from .events import Event
from .heartbeats import Heartbeat
from .hosts import AvailabilityRule, DateOverride, Holiday, Host, TimeOff
from .imports import Import, ImportPart
from .leads import Lead
from .merges import Merge, TwoPeople
from .notes import Note
from .openings import OpeningRequest
from .rates import RateCount
from .suppressions import Suppression
from .tags import Tag, Tagging
from .tallies import Tally
from .trials import Trial
from .turns import Turn

__all__ = [
    "AvailabilityRule",
    "CallAttempt",
    "CallbackRequest",
    "Canary",
    "Consent",
    "ConsentText",
    "CopyPart",
    "DataCopy",
    "DateOverride",
    "EmailTemplate",
    "Event",
    "Heartbeat",
    "Holiday",
    "Host",
    "Import",
    "ImportPart",
    "Lead",
    "Merge",
    "Note",
    "OnboardingCall",
    "OpeningRequest",
    "OutboxMessage",
    "RateCount",
    "Suppression",
    "Tag",
    "Tagging",
    "Tally",
    "TimeOff",
    "Trial",
    "Turn",
    "TwoPeople",
]
