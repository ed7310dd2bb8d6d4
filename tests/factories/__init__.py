"""One factory for each model, one file for each feature. What a test does not name is plausible and unimportant."""

from .assignment import AssignmentRotationFactory
from .audit import AuditEventFactory
from .calendars import BusyTimeFactory, CalendarConnectionFactory, CalendarCopyFactory
from .callbacks import CallAttemptFactory, CallbackRequestFactory
from .calls import (
    CallAlertFactory,
    CallTypeFactory,
    EarlierTimeRequestFactory,
    FreedSlotFactory,
    OnboardingCallFactory,
    SlotOfferFactory,
)
from .consents import ConsentFactory, ConsentTextFactory, SuppressionFactory, TextStopFactory
from .content import (
    ArticleFactory,
    ArticleRedirectFactory,
    ClaimFactory,
    ClinicProfileFactory,
    ContentVersionFactory,
    CorrectionFactory,
    CredentialConfirmationFactory,
    CrisisTextFactory,
    LedgerRevisionFactory,
    LegalTextFactory,
    LinkCheckFactory,
    OpenEditorFactory,
    PageSnapshotFactory,
    PersonFactory,
    ProfileProposalFactory,
    QuotationFactory,
    ReviewCommentFactory,
    RevisionFactory,
    SignOffFactory,
    SourceFactory,
)
from .desk import BulkJobFactory, SavedListFactory
from .duplicates import DistinctLeadPairFactory, LeadMergeFactory
from .followups import FollowUpFactory
from .hosts import AvailabilityRuleFactory, DateOverrideFactory, HolidayFactory, HostFactory, TimeOffFactory
from .imports import ImportChunkFactory, ImportJobFactory
from .leads import CloseReasonFactory, LeadFactory, LeadTagFactory, NoteDraftFactory, NoteFactory, TagFactory
from .messages import (
    EmailTemplateFactory,
    InboundMessageFactory,
    MailboxPositionFactory,
    OutboxMessageFactory,
    SentBeforeRestoreFactory,
)
from .ops import EncryptionKeyCheckFactory, RateLimitCounterFactory, WorkerHeartbeatFactory
from .privacy import DataExportChunkFactory, DataExportJobFactory
from .reports import DailyMetricFactory
from .trials import TrialFactory, WaitlistEntryFactory
from .users import UserFactory

__all__ = [
    "ArticleFactory",
    "ArticleRedirectFactory",
    "AssignmentRotationFactory",
    "AuditEventFactory",
    "AvailabilityRuleFactory",
    "BulkJobFactory",
    "BusyTimeFactory",
    "CalendarConnectionFactory",
    "CalendarCopyFactory",
    "CallAlertFactory",
    "CallAttemptFactory",
    "CallTypeFactory",
    "CallbackRequestFactory",
    "ClaimFactory",
    "ClinicProfileFactory",
    "CloseReasonFactory",
    "ConsentFactory",
    "ConsentTextFactory",
    "ContentVersionFactory",
    "CorrectionFactory",
    "CredentialConfirmationFactory",
    "CrisisTextFactory",
    "DailyMetricFactory",
    "DataExportChunkFactory",
    "DataExportJobFactory",
    "DateOverrideFactory",
    "DistinctLeadPairFactory",
    "EarlierTimeRequestFactory",
    "EmailTemplateFactory",
    "EncryptionKeyCheckFactory",
    "FollowUpFactory",
    "FreedSlotFactory",
    "HolidayFactory",
    "HostFactory",
    "ImportChunkFactory",
    "ImportJobFactory",
    "InboundMessageFactory",
    "LeadFactory",
    "LeadMergeFactory",
    "LeadTagFactory",
    "LedgerRevisionFactory",
    "LegalTextFactory",
    "LinkCheckFactory",
    "MailboxPositionFactory",
    "NoteDraftFactory",
    "NoteFactory",
    "OnboardingCallFactory",
    "OpenEditorFactory",
    "OutboxMessageFactory",
    "PageSnapshotFactory",
    "PersonFactory",
    "ProfileProposalFactory",
    "QuotationFactory",
    "RateLimitCounterFactory",
    "ReviewCommentFactory",
    "RevisionFactory",
    "SavedListFactory",
    "SentBeforeRestoreFactory",
    "SignOffFactory",
    "SlotOfferFactory",
    "SourceFactory",
    "SuppressionFactory",
    "TagFactory",
    "TextStopFactory",
    "TimeOffFactory",
    "TrialFactory",
    "UserFactory",
    "WaitlistEntryFactory",
    "WorkerHeartbeatFactory",
]
