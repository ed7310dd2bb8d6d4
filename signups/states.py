"""Choices and named groups of them. A leaf: everything imports it, it imports nothing of ours."""

from collections.abc import Mapping

from django.db.models import TextChoices


class LeadStatus(TextChoices):
    NEW = "new", "new"
    CONTACTED = "contacted", "contacted"
    QUALIFIED = "qualified", "qualified"
    CONVERTED = "converted", "converted"
    CLOSED = "closed", "closed"
    MERGED = "merged", "merged"
    ERASED = "erased", "erased"


GONE = (LeadStatus.MERGED, LeadStatus.ERASED)  # every other lead is live and holds its e-mail address alone
OPEN = (LeadStatus.NEW, LeadStatus.CONTACTED, LeadStatus.QUALIFIED)  # somebody has work to do

# Every way a lead may go. Merging and erasing are deeds of their own, and nothing comes back from them.
TRANSITIONS: Mapping[LeadStatus, tuple[LeadStatus, ...]] = {
    LeadStatus.NEW: (LeadStatus.CONTACTED, LeadStatus.CLOSED),
    LeadStatus.CONTACTED: (LeadStatus.QUALIFIED, LeadStatus.CLOSED),
    LeadStatus.QUALIFIED: (LeadStatus.CONVERTED, LeadStatus.CLOSED),
    LeadStatus.CONVERTED: (),
    LeadStatus.CLOSED: (LeadStatus.CONTACTED,),
    LeadStatus.MERGED: (),
    LeadStatus.ERASED: (),
}


class Channel(TextChoices):
    EMAIL = "email", "E-mail"
    CALL = "call", "Phone call"
    TEXT = "text", "Text message"


NEEDS_PHONE = (Channel.CALL, Channel.TEXT)


class CareFor(TextChoices):
    SELF = "self", "Me"
    OTHER = "other", "Someone I care for"


class Purpose(TextChoices):
    TERMS = "terms", "terms"
    PRIVACY = "privacy", "privacy notice"
    NEWS = "news", "news by e-mail"
    CALLS = "calls", "phone calls"
    TEXTS = "texts", "text messages"
    CALLBACKS = "callbacks", "a call about one request"


NEEDED = (Purpose.TERMS, Purpose.PRIVACY)  # without these there is no trial; every other one is a free choice
FREE = (Purpose.NEWS, Purpose.CALLS, Purpose.TEXTS)
TO_BE_CALLED = (Purpose.CALLS, Purpose.CALLBACKS)  # whoever takes back the first takes back the second with it


class ConsentChannel(TextChoices):
    WEB = "web", "on the site"
    PAGE = "page", "on their own page"
    EMAIL = "email", "from an e-mail"
    PHONE = "phone", "on the phone"
    STAFF = "staff", "by staff, on request"


class CallStatus(TextChoices):
    BOOKED = "booked", "booked"
    CANCELLED = "cancelled", "cancelled"
    COMPLETED = "completed", "completed"
    NO_SHOW = "no_show", "no-show"


class ForceReason(TextChoices):
    """Why staff set a call outside the hours or the notice. A choice: nothing about a person is written here."""

    ASKED = "asked", "the patient asked for this time"
    AGREED = "agreed", "the host agreed to this time"
    COVER = "cover", "the host stands in for another"
    URGENT = "urgent", "it cannot wait"


class Verb(TextChoices):
    SIGNED_UP = "signed_up", "signed up"
    SIGNED_UP_AGAIN = "signed_up_again", "signed up again"
    CONFIRMED = "confirmed", "confirmed the e-mail address"
    TRIAL_STARTED = "trial_started", "trial started"
    ASSIGNED = "assigned", "given to"
    MOVED = "moved", "moved on"
    NOTED = "noted", "wrote a note"
    TRIED = "tried", "tried to reach them"
    READ = "read", "read the page"
    LISTED = "listed", "saw a list"
    CALLBACK_REQUESTED = "callback_requested", "asked to be called"
    CALLBACK_CLAIMED = "callback_claimed", "took the callback"
    CALLBACK_RELEASED = "callback_released", "put the callback back"
    CALLBACK_REASSIGNED = "callback_reassigned", "gave the callback to somebody"
    CALL_ATTEMPTED = "call_attempted", "called"
    CALLBACK_CLOSED = "callback_closed", "callback closed"
    ADDED = "added", "added"
    CHANGED = "changed", "changed"
    DELETED = "deleted", "deleted"
    SIGNED_IN = "signed_in", "signed in"
    SIGNED_OUT = "signed_out", "signed out"
    LOCKED_OUT = "locked_out", "was locked out"
    SESSION_ENDED = "session_ended", "ended a session elsewhere"
    SECOND_STEP_ADDED = "second_step_added", "set up a second step"
    SECOND_STEP_REMOVED = "second_step_removed", "removed a second step"
    TRIAL_CANCELLED = "trial_cancelled", "cancelled the trial"
    TRIAL_RESUMED = "trial_resumed", "took the cancelling back"
    TRIAL_CONVERTED = "trial_converted", "became a paying patient"
    REFUND_REQUESTED = "refund_requested", "asked for a refund"
    CONSENT_GRANTED = "consent_granted", "agreed"
    CONSENT_REVOKED = "consent_revoked", "took an agreement back"
    MAIL_STOPPED = "mail_stopped", "stopped our e-mail"
    MAIL_RESUMED = "mail_resumed", "wants our e-mail again"
    DETAILS_CHANGED = "details_changed", "changed contact details"
    LINK_REPLACED = "link_replaced", "private link replaced"
    OPENING_ASKED = "opening_asked", "asked to hear when we open where they live"
    COPY_ASKED = "copy_asked", "asked for a copy of their data"
    DOWNLOADED = "downloaded", "downloaded their data"
    LET_GO = "let_go", "let go of what was too old"
    ERASED = "erased", "personal data erased"
    EXPORTED = "exported", "exported leads"
    IMPORT_BEGUN = "import_begun", "began an import"
    IMPORTED = "imported", "came with an import"
    MERGED = "merged", "merged"
    MERGE_UNDONE = "merge_undone", "merge undone"
    TOLD_APART = "told_apart", "said that two leads are two people"
    APART_UNDONE = "apart_undone", "asked again whether two leads are one person"
    CALL_BOOKED = "call_booked", "call booked"
    CALL_MOVED = "call_moved", "call moved"
    CALL_REASSIGNED = "call_reassigned", "call given to another host"
    CALL_CANCELLED = "call_cancelled", "call cancelled"
    CALL_COMPLETED = "call_completed", "call took place"
    CALL_MISSED = "call_missed", "patient missed the call"
    HOURS_CHANGED = "hours_changed", "changed weekly hours"
    FEED_REPLACED = "feed_replaced", "replaced the address of a calendar"
    HOLIDAYS_ADDED = "holidays_added", "added holidays"
    MAILED = "mailed", "sent an e-mail"
    TAGGED = "tagged", "added a tag"
    UNTAGGED = "untagged", "took a tag off"
    REFUND_SETTLED = "refund_settled", "sent the money back"
    REFUND_UNSETTLED = "refund_unsettled", "took back that the money was sent"


CONTACTS = (Verb.CALL_ATTEMPTED, Verb.TRIED, Verb.MAILED)  # we were in touch, or tried to be


def verbs() -> list[tuple[str, str]]:
    """As a function, so that a new verb is no migration."""
    return Verb.choices


class PartOfDay(TextChoices):
    ANY = "any", "Any time"
    MORNING = "morning", "In the morning"
    AFTERNOON = "afternoon", "In the afternoon"
    EVENING = "evening", "In the evening"


class Topic(TextChoices):
    """What a call is about, in words that say nothing of anybody's health."""

    PROGRAM = "program", "How the program works"
    COST = "cost", "What it costs"
    BOOKING = "booking", "Booking or moving a call"
    PRIVACY = "privacy", "How you treat what I tell you"
    OTHER = "other", "Something else"


class CallOutcome(TextChoices):
    """How one try to reach somebody by phone ended."""

    REACHED = "reached", "Reached"
    NO_ANSWER = "no_answer", "No answer"
    VOICEMAIL = "voicemail", "Voicemail left"
    BUSY = "busy", "Busy"
    WRONG_NUMBER = "wrong_number", "Wrong number"
    DECLINED = "declined", "Declined"
    DO_NOT_CALL = "do_not_call", "Do not call again"


# What may come of reaching out without having been asked to call.
OF_A_TRY = (
    CallOutcome.REACHED,
    CallOutcome.NO_ANSWER,
    CallOutcome.VOICEMAIL,
    CallOutcome.BUSY,
    CallOutcome.DO_NOT_CALL,
)
TRY_AGAIN = (CallOutcome.NO_ANSWER, CallOutcome.VOICEMAIL, CallOutcome.BUSY)  # every other outcome closes the request


class CallbackOutcome(TextChoices):
    """Why a request to be called is closed."""

    REACHED = "reached", "reached"
    WRONG_NUMBER = "wrong_number", "wrong number"
    DECLINED = "declined", "declined"
    DO_NOT_CALL = "do_not_call", "do not call"
    UNREACHABLE = "unreachable", "unreachable"
    CANCELLED = "cancelled", "cancelled by the person"
    ASKED_AGAIN = "asked_again", "asked again"
    NOT_NEEDED = "not_needed", "settled without a call"


class ActorKind(TextChoices):
    PATIENT = "patient", "patient"
    STAFF = "staff", "staff"
    SYSTEM = "system", "system"


class Measure(TextChoices):
    """What the desk counts: of those who signed up on a day how far they came, and what became of a day's calls."""

    SIGNED_UP = "signed_up", "signed up"
    STARTED = "started", "started the trial"
    CONTACTED = "contacted", "were reached out to"
    CONVERTED = "converted", "became patients"
    FIRST_CONTACT = "first_contact", "time to first contact"
    CALLS = "calls", "calls"


class ImportStage(TextChoices):
    """How far an uploaded list has come. Nobody is taken in before `RUNNING`."""

    COLUMNS = "columns", "what is in which column?"
    CHECKING = "checking", "being looked through"
    CHECKED = "checked", "looked through"
    RUNNING = "running", "being taken in"
    DONE = "done", "done"
    DROPPED = "dropped", "dropped"


class ExportReason(TextChoices):
    """Why leads were taken out. A choice: nothing about a person is written here."""

    REPORT = "report", "A report"
    AUTHORITY = "authority", "An authority or auditor asked for it"
    MOVE = "move", "Moving to another system"
    CARE = "care", "Care that cannot be given from the desk"
