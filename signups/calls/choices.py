"""Choices of an onboarding call."""

from django.db.models import TextChoices


class CallStatus(TextChoices):
    BOOKED = "booked", "Booked"
    CANCELLED = "cancelled", "cancelled"
    COMPLETED = "completed", "Completed"
    NO_SHOW = "no_show", "No-show"


class CalendarAnswer(TextChoices):
    """What the person answered in their calendar program (PARTSTAT, RFC 5545 §3.2.12)."""

    ACCEPTED = "accepted", "accepted"
    TENTATIVE = "tentative", "tentative"
    DECLINED = "declined", "declined"


class AlertKind(TextChoices):
    """What staff should look at about a booked call; nothing was changed because of it."""

    HOST_LEFT = "host_left", "the host has left, and nobody else is free then"
    WRONG_NUMBER = "wrong_number", "someone else answers at their number; they were asked for another"
    DECLINED = "declined", "the person declined it in their calendar"
    TENTATIVE = "tentative", "the person may not be able to come"
    COUNTER = "counter", "the person proposed another time"
    HOST_DECLINED = "host_declined", "the host declined it in their calendar"
    HOST_DELETED = "host_deleted", "the host deleted it from their calendar"
    HOST_MOVED = "host_moved", "the host moved it in their calendar; here it stays as agreed"
    CLOCK_CHANGED = "clock_changed", "clocks there changed by law: it is at another hour of their day now"


class OfferStatus(TextChoices):
    """What became of a freed time that was held for somebody on the waiting list."""

    OPEN = "open", "held for them"
    ACCEPTED = "accepted", "accepted"
    DECLINED = "declined", "declined"
    EXPIRED = "expired", "expired"
    WITHDRAWN = "withdrawn", "no longer free, or no longer earlier than their call"


class ForceReason(TextChoices):
    """Why staff booked a call outside working hours or minimum notice.

    A fixed list, because free text could contain personal data.
    """

    ASKED = "asked", "The patient asked for this time"
    AGREED = "agreed", "The host agreed to this time"
    COVER = "cover", "Covering for another host"
    URGENT = "urgent", "Urgent"
