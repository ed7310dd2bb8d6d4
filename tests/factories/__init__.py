"""One factory for each model, one file for each feature. What a test does not name is plausible and unimportant."""

from .assignment import TurnFactory
from .audit import EventFactory
from .callbacks import CallAttemptFactory, CallbackRequestFactory
from .calls import OnboardingCallFactory
from .consents import ConsentFactory, ConsentTextFactory, SuppressionFactory
from .content import (
    ArticleFactory,
    ClaimFactory,
    ClinicProfileFactory,
    CorrectionFactory,
    CrisisTextFactory,
    EditionFactory,
    LegalTextFactory,
    PersonFactory,
    QuotationFactory,
    RevisionFactory,
    SignOffFactory,
    SourceCheckFactory,
    SourceFactory,
)
from .duplicates import MergeFactory, TwoPeopleFactory
from .hosts import AvailabilityRuleFactory, DateOverrideFactory, HolidayFactory, HostFactory, TimeOffFactory
from .imports import ImportFactory, ImportPartFactory
from .leads import LeadFactory, NoteFactory, TagFactory, TaggingFactory
from .messages import EmailTemplateFactory, OutboxMessageFactory
from .ops import CanaryFactory, HeartbeatFactory, RateCountFactory
from .privacy import CopyPartFactory, DataCopyFactory
from .reports import TallyFactory
from .trials import OpeningRequestFactory, TrialFactory
from .users import UserFactory

__all__ = [
    "ArticleFactory",
    "AvailabilityRuleFactory",
    "CallAttemptFactory",
    "CallbackRequestFactory",
    "CanaryFactory",
    "ClaimFactory",
    "ClinicProfileFactory",
    "ConsentFactory",
    "ConsentTextFactory",
    "CopyPartFactory",
    "CorrectionFactory",
    "CrisisTextFactory",
    "DataCopyFactory",
    "DateOverrideFactory",
    "EditionFactory",
    "EmailTemplateFactory",
    "EventFactory",
    "HeartbeatFactory",
    "HolidayFactory",
    "HostFactory",
    "ImportFactory",
    "ImportPartFactory",
    "LeadFactory",
    "LegalTextFactory",
    "MergeFactory",
    "NoteFactory",
    "OnboardingCallFactory",
    "OpeningRequestFactory",
    "OutboxMessageFactory",
    "PersonFactory",
    "QuotationFactory",
    "RateCountFactory",
    "RevisionFactory",
    "SignOffFactory",
    "SourceCheckFactory",
    "SourceFactory",
    "SuppressionFactory",
    "TagFactory",
    "TaggingFactory",
    "TallyFactory",
    "TimeOffFactory",
    "TrialFactory",
    "TurnFactory",
    "TwoPeopleFactory",
    "UserFactory",
]
