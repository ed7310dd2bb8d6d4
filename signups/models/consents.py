"""What people agreed to or took back: the latest row per purpose holds."""

from django.db import models

from signups.states import ConsentChannel, Purpose

from .append_only import AppendOnly
from .leads import Lead


class ConsentText(AppendOnly):
    """The exact words that were in front of somebody, kept whatever becomes of the page they stood on."""

    purpose = models.CharField(max_length=20, choices=Purpose)
    version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64, unique=True)
    text = models.TextField()

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.version}"


class Consent(AppendOnly):
    """One grant (`granted`) or revocation."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    granted = models.BooleanField()
    channel = models.CharField(max_length=10, choices=ConsentChannel)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.text}: {'granted' if self.granted else 'revoked'}"
