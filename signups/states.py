"""Choices and named groups of them. A leaf: everything imports it, it imports nothing of ours."""

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


class Channel(TextChoices):
    EMAIL = "email", "E-mail"
    CALL = "call", "Phone call"
    TEXT = "text", "Text message"


NEEDS_PHONE = (Channel.CALL, Channel.TEXT)


class Purpose(TextChoices):
    TERMS = "terms", "terms"
    PRIVACY = "privacy", "privacy notice"
    NEWS = "news", "news by e-mail"
    CALLS = "calls", "phone calls"
    TEXTS = "texts", "text messages"


class ConsentChannel(TextChoices):
    WEB = "web", "on the site"
    PAGE = "page", "on their own page"
    EMAIL = "email", "from an e-mail"
    PHONE = "phone", "on the phone"
    STAFF = "staff", "by staff, on request"


class MessageKind(TextChoices):
    CONFIRM_TRIAL = "confirm_trial", "confirm your e-mail"
    TRIAL_EXISTS = "trial_exists", "you already have a trial"
    TRIAL_STARTED = "trial_started", "your trial has started"


class MessageStatus(TextChoices):
    PENDING = "pending", "waiting"
    SENT = "sent", "sent"
    DEAD = "dead", "given up"
    WITHDRAWN = "withdrawn", "no longer wanted"


class Verb(TextChoices):
    SIGNED_UP = "signed_up", "signed up"
    SIGNED_UP_AGAIN = "signed_up_again", "signed up again"
    CONFIRMED = "confirmed", "confirmed the e-mail address"
    TRIAL_STARTED = "trial_started", "trial started"


class ActorKind(TextChoices):
    PATIENT = "patient", "patient"
    STAFF = "staff", "staff"
    SYSTEM = "system", "system"
