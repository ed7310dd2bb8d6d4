"""Choices of a lead: status with its transitions, contact channel, who the care is for."""

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


TERMINAL_STATUSES = (
    LeadStatus.MERGED,
    LeadStatus.ERASED,
)  # every other lead is live and holds its e-mail address alone


OPEN_STATUSES = (LeadStatus.NEW, LeadStatus.CONTACTED, LeadStatus.QUALIFIED)  # somebody has work to do


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


PHONE_CHANNELS = (Channel.CALL, Channel.TEXT)


class CareFor(TextChoices):
    SELF = "self", "Me"
    OTHER = "other", "Someone I care for"


class PartOfDay(TextChoices):
    ANY = "any", "Any time"
    MORNING = "morning", "In the morning"
    AFTERNOON = "afternoon", "In the afternoon"
    EVENING = "evening", "In the evening"
