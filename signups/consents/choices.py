"""Consent purposes and the channels through which consent is given or revoked."""

from django.db.models import TextChoices


class ConsentPurpose(TextChoices):
    TERMS = "terms", "terms"
    PRIVACY = "privacy", "privacy notice"
    NEWS = "news", "email news"
    CALLS = "calls", "phone calls"
    TEXTS = "texts", "text messages"
    CALLBACKS = "callbacks", "one requested callback"


REQUIRED_CONSENTS = (
    ConsentPurpose.TERMS,
    ConsentPurpose.PRIVACY,
)  # a trial requires these; every other consent is optional


OPTIONAL_CONSENTS = (ConsentPurpose.NEWS, ConsentPurpose.CALLS, ConsentPurpose.TEXTS)


CALL_CONSENTS = (
    ConsentPurpose.CALLS,
    ConsentPurpose.CALLBACKS,
)  # revoking the first revokes the second


class ConsentChannel(TextChoices):
    WEB = "web", "Website"
    PAGE = "page", "Private page"
    EMAIL = "email", "By email"
    TEXT = "text", "By text"
    PHONE = "phone", "By phone"
    STAFF = "staff", "By staff, at their request"
    UNDO = "undo", "Restored: what withdrew it was logged by mistake"
