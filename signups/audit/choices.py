"""Actions and actor kinds of the audit log."""

from django.db.models import TextChoices


class AuditAction(TextChoices):
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
    MARKED_DISTINCT = "told_apart", "said that two leads are two people"
    UNMARKED_DISTINCT = "apart_undone", "asked again whether two leads are one person"
    CALL_BOOKED = "call_booked", "call booked"
    CALL_MOVED = "call_moved", "call moved"
    CALL_REASSIGNED = "call_reassigned", "call given to another host"
    CALL_CANCELLED = "call_cancelled", "call cancelled"
    CALL_COMPLETED = "call_completed", "call took place"
    CALL_MISSED = "call_missed", "patient missed the call"
    CALL_ALERT_SETTLED = "call_alert_settled", "dealt with an alert about a call"
    HOURS_CHANGED = "hours_changed", "changed weekly hours"
    FEED_REPLACED = "feed_replaced", "replaced the address of a calendar"
    HOLIDAYS_ADDED = "holidays_added", "added holidays"
    MAILED = "mailed", "sent an e-mail"
    TAGGED = "tagged", "added a tag"
    UNTAGGED = "untagged", "took a tag off"
    REFUND_SETTLED = "refund_settled", "sent the money back"
    REFUND_UNSETTLED = "refund_unsettled", "took back that the money was sent"


CONTACT_ACTIONS = (
    AuditAction.CALL_ATTEMPTED,
    AuditAction.TRIED,
    AuditAction.MAILED,
)  # contact was made or attempted


def audit_actions() -> list[tuple[str, str]]:
    """Return the action choices; a callable, so that a new action needs no migration."""
    return AuditAction.choices


class ActorKind(TextChoices):
    PATIENT = "patient", "patient"
    STAFF = "staff", "staff"
    SYSTEM = "system", "system"
