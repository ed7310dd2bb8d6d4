from signups.assignment.models import AssignmentRotation
from signups.audit.models import AuditEvent
from signups.calendars.models import BusyTime, CalendarConnection, CalendarCopy
from signups.callbacks.models import CallAttempt, CallbackRequest
from signups.calls.call_type_models import CallType
from signups.calls.earlier_time_models import EarlierTimeRequest, FreedSlot, SlotOffer
from signups.calls.models import CallAlert, OnboardingCall
from signups.consents.models import Consent, ConsentText
from signups.consents.suppression_models import Suppression, TextStop
from signups.desk.bulk_models import BulkJob
from signups.desk.models import SavedList
from signups.followups.models import FollowUp
from signups.hosts.models import AvailabilityRule, DateOverride, Holiday, Host, TimeOff
from signups.imports.models import ImportChunk, ImportJob
from signups.leads.close_reason_models import CloseReason
from signups.leads.merge_models import DistinctLeadPair, LeadMerge
from signups.leads.models import Lead
from signups.leads.note_models import Note, NoteDraft
from signups.leads.tag_models import LeadTag, Tag
from signups.messages.inbound_models import InboundMessage
from signups.messages.mailbox_models import MailboxPosition
from signups.messages.models import OutboxMessage, SentBeforeRestore
from signups.messages.template_models import EmailTemplate
from signups.ops.heartbeat_models import WorkerHeartbeat
from signups.ops.key_check import EncryptionKeyCheck
from signups.ops.models import RateLimitCounter
from signups.privacy.models import DataExportChunk, DataExportJob
from signups.reports.models import DailyMetric
from signups.trials.models import Trial
from signups.trials.waitlist_models import WaitlistEntry

__all__ = [
    "AssignmentRotation",
    "AuditEvent",
    "AvailabilityRule",
    "BulkJob",
    "BusyTime",
    "CalendarConnection",
    "CalendarCopy",
    "CallAlert",
    "CallAttempt",
    "CallType",
    "CallbackRequest",
    "CloseReason",
    "Consent",
    "ConsentText",
    "DailyMetric",
    "DataExportChunk",
    "DataExportJob",
    "DateOverride",
    "DistinctLeadPair",
    "EarlierTimeRequest",
    "EmailTemplate",
    "EncryptionKeyCheck",
    "FollowUp",
    "FreedSlot",
    "Holiday",
    "Host",
    "ImportChunk",
    "ImportJob",
    "InboundMessage",
    "Lead",
    "LeadMerge",
    "LeadTag",
    "MailboxPosition",
    "Note",
    "NoteDraft",
    "OnboardingCall",
    "OutboxMessage",
    "RateLimitCounter",
    "SavedList",
    "SentBeforeRestore",
    "SlotOffer",
    "Suppression",
    "Tag",
    "TextStop",
    "TimeOff",
    "Trial",
    "WaitlistEntry",
    "WorkerHeartbeat",
]
