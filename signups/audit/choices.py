"""Actions and actor kinds of the audit log."""

from django.db.models import TextChoices


class AuditAction(TextChoices):
    SIGNED_UP = "signed_up", "signed up"
    SIGNED_UP_AGAIN = "signed_up_again", "signed up again"
    CONFIRMED = "confirmed", "confirmed their email address"
    TRIAL_STARTED = "trial_started", "trial started"
    ASSIGNED = "assigned", "assigned to"
    MOVED = "moved", "changed status"
    NOTED = "noted", "wrote a note"
    TRIED = "tried", "logged a contact attempt"
    READ = "read", "viewed the lead"
    LISTED = "listed", "viewed a list"
    CALLBACK_REQUESTED = "callback_requested", "requested a callback"
    CALLBACK_CLAIMED = "callback_claimed", "claimed the callback"
    CALLBACK_RELEASED = "callback_released", "released the callback"
    CALLBACK_REASSIGNED = "callback_reassigned", "reassigned the callback"
    CALL_ATTEMPTED = "call_attempted", "logged a call"
    CALLBACK_CLOSED = "callback_closed", "callback closed"
    ADDED = "added", "added"
    CHANGED = "changed", "changed"
    DELETED = "deleted", "deleted"
    SIGNED_IN = "signed_in", "signed in"
    SIGNED_OUT = "signed_out", "signed out"
    LOCKED_OUT = "locked_out", "was locked out"
    SESSION_ENDED = "session_ended", "signed out another session"
    SECOND_STEP_ADDED = "second_step_added", "turned on two-factor authentication"
    SECOND_STEP_REMOVED = "second_step_removed", "turned off two-factor authentication"
    TRIAL_CANCELLED = "trial_cancelled", "canceled the trial"
    TRIAL_RESUMED = "trial_resumed", "resumed the trial"
    TRIAL_CONVERTED = "trial_converted", "converted to patient"
    REFUND_REQUESTED = "refund_requested", "requested a refund"
    CONSENT_GRANTED = "consent_granted", "gave consent"
    CONSENT_REVOKED = "consent_revoked", "withdrew consent"
    MAIL_STOPPED = "mail_stopped", "unsubscribed from email"
    MAIL_RESUMED = "mail_resumed", "resubscribed to email"
    DETAILS_CHANGED = "details_changed", "changed contact details"
    LINK_REPLACED = "link_replaced", "private link replaced"
    OPENING_ASKED = "opening_asked", "joined the waitlist for their state"
    COPY_ASKED = "copy_asked", "requested a data export"
    DOWNLOADED = "downloaded", "downloaded their data"
    LET_GO = "let_go", "deleted expired data"
    ERASED = "erased", "personal data erased"
    EXPORTED = "exported", "exported leads"
    IMPORT_BEGUN = "import_begun", "started an import"
    IMPORTED = "imported", "was imported"
    MERGED = "merged", "merged"
    MERGE_UNDONE = "merge_undone", "merge undone"
    MARKED_DISTINCT = "told_apart", "marked two leads as not duplicates"
    UNMARKED_DISTINCT = "apart_undone", "put the pair back on the duplicates list"
    CALL_BOOKED = "call_booked", "call booked"
    CALL_MOVED = "call_moved", "call rescheduled"
    CALL_REASSIGNED = "call_reassigned", "call reassigned"
    CALL_CANCELLED = "call_cancelled", "call canceled"
    CALL_COMPLETED = "call_completed", "call completed"
    CALL_MISSED = "call_missed", "no-show"
    CALL_ALERT_SETTLED = "call_alert_settled", "resolved a call alert"
    HOURS_CHANGED = "hours_changed", "changed weekly hours"
    FEED_REPLACED = "feed_replaced", "reset a calendar link"
    HOLIDAYS_ADDED = "holidays_added", "added holidays"
    MAILED = "mailed", "sent an email"
    TAGGED = "tagged", "added a tag"
    UNTAGGED = "untagged", "removed a tag"
    REFUND_SETTLED = "refund_settled", "marked the refund as sent"
    REFUND_UNSETTLED = "refund_unsettled", "undid “refund sent”"


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
