"""Choices of a lead: status with its transitions, contact channel, CareFor."""

from collections.abc import Mapping

from django.db.models import TextChoices


class LeadStatus(TextChoices):
    NEW = "new", "New"
    CONTACTED = "contacted", "Contacted"
    QUALIFIED = "qualified", "Qualified"
    CONVERTED = "converted", "Converted"
    CLOSED = "closed", "Closed"
    MERGED = "merged", "Merged"
    ERASED = "erased", "Erased"
    REMOVED = "removed", "Removed with its import"


TERMINAL_STATUSES = (
    LeadStatus.MERGED,
    LeadStatus.ERASED,
    LeadStatus.REMOVED,
)  # every other lead is live, and its e-mail address is unique among the live ones


OPEN_STATUSES = (LeadStatus.NEW, LeadStatus.CONTACTED, LeadStatus.QUALIFIED)  # staff work is pending


# Nobody comes here without contact.
CONTACTED_STATUSES = (LeadStatus.CONTACTED, LeadStatus.QUALIFIED, LeadStatus.CONVERTED)


# Allowed status changes. Merging and erasing are separate actions; MERGED and ERASED have no way out.
TRANSITIONS: Mapping[LeadStatus, tuple[LeadStatus, ...]] = {
    LeadStatus.NEW: (LeadStatus.CONTACTED, LeadStatus.CLOSED),
    LeadStatus.CONTACTED: (LeadStatus.QUALIFIED, LeadStatus.CLOSED),
    LeadStatus.QUALIFIED: (LeadStatus.CONVERTED, LeadStatus.CLOSED),
    LeadStatus.CONVERTED: (),
    LeadStatus.CLOSED: (LeadStatus.CONTACTED,),  # as new where nobody made contact (`actions.change_status`)
    LeadStatus.MERGED: (),
    LeadStatus.ERASED: (),
    LeadStatus.REMOVED: (),
}


class OpenWork(TextChoices):
    """What becomes of what is under way when staff close or convert the lead."""

    CANCEL = "cancel", "End it all, and tell the patient what they were promised"
    KEEP = "keep", "Keep it"


class Channel(TextChoices):
    EMAIL = "email", "Email"
    CALL = "call", "Phone call"
    TEXT = "text", "Text message"


PHONE_CHANNELS = (Channel.CALL, Channel.TEXT)


class CareFor(TextChoices):
    SELF = "self", "Me"
    OTHER = "other", "Someone else (someone I care for)"


CARE_FOR_LABELS: dict[str, str] = {CareFor.SELF: "Themselves", CareFor.OTHER: "Someone they care for"}  # for staff


class PartOfDay(TextChoices):
    ANY = "any", "Any time"
    MORNING = "morning", "Morning (8 to 12)"
    AFTERNOON = "afternoon", "Afternoon (12 to 5)"
    EVENING = "evening", "Evening (after 5)"


COMPLAINT = "complaint"  # `Lead.email_failure` of somebody who marked our mail as spam
