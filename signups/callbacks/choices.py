"""Choices of a callback request and its call attempts."""

from django.db.models import TextChoices


class Topic(TextChoices):
    """Topic of a callback, worded without any health information."""

    PROGRAM = "program", "How the program works"
    COST = "cost", "What it costs"
    BOOKING = "booking", "Booking or changing a call"
    PRIVACY = "privacy", "Privacy"
    OTHER = "other", "Something else"


class CallOutcome(TextChoices):
    """Outcome of one call attempt."""

    REACHED = "reached", "Connected"
    NO_ANSWER = "no_answer", "No answer"
    VOICEMAIL = "voicemail", "Left voicemail"
    BUSY = "busy", "Busy"
    WRONG_NUMBER = "wrong_number", "Wrong number"
    DECLINED = "declined", "Not interested"
    DO_NOT_CALL = "do_not_call", "Do not call"


# Outcomes of outreach, which is a call without a callback request.
OUTREACH_OUTCOMES = (
    CallOutcome.REACHED,
    CallOutcome.NO_ANSWER,
    CallOutcome.VOICEMAIL,
    CallOutcome.BUSY,
    CallOutcome.WRONG_NUMBER,
    CallOutcome.DO_NOT_CALL,
)


# Somebody spoke with the person themselves.
REACHED_OUTCOMES = (CallOutcome.REACHED, CallOutcome.DECLINED, CallOutcome.DO_NOT_CALL)


RETRY_OUTCOMES = (
    CallOutcome.NO_ANSWER,
    CallOutcome.VOICEMAIL,
    CallOutcome.BUSY,
)  # every other outcome closes the request


# These end something for good: asked about before, and undone within `leads.undo.STAFF_UNDO_WINDOW`.
FINAL_OUTCOMES = (CallOutcome.WRONG_NUMBER, CallOutcome.DECLINED, CallOutcome.DO_NOT_CALL)


class CallbackOutcome(TextChoices):
    """Reason why a callback request is closed."""

    REACHED = "reached", "connected"
    WRONG_NUMBER = "wrong_number", "wrong number"
    DECLINED = "declined", "not interested"
    DO_NOT_CALL = "do_not_call", "do not call"
    UNREACHABLE = "unreachable", "unreachable"
    CANCELLED = "cancelled", "canceled by the patient"
    ASKED_AGAIN = "asked_again", "replaced by a newer request"
    NOT_NEEDED = "not_needed", "resolved without a call"
    NIGHT_THERE = "night_there", "our hours are night in their time zone"
    LEAD_CLOSED = "lead_closed", "lead closed"
