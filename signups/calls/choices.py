"""Choices of an onboarding call."""

from django.db.models import TextChoices


class CallStatus(TextChoices):
    BOOKED = "booked", "booked"
    CANCELLED = "cancelled", "cancelled"
    COMPLETED = "completed", "completed"
    NO_SHOW = "no_show", "no-show"


class ForceReason(TextChoices):
    """Why staff booked a call outside working hours or minimum notice.

    A fixed list, because free text could contain personal data.
    """

    ASKED = "asked", "the patient asked for this time"
    AGREED = "agreed", "the host agreed to this time"
    COVER = "cover", "the host stands in for another"
    URGENT = "urgent", "it cannot wait"
