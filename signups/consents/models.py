"""Consents: grants and revocations; the latest row per purpose is in force."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from clinic.lib.append_only import AppendOnly, AppendOnlyQuerySet
from signups.leads.models import Lead

from .choices import ConsentChannel, ConsentPurpose


class ConsentText(AppendOnly):
    """The exact wording that was shown, kept even when the page changes."""

    purpose = models.CharField(max_length=20, choices=ConsentPurpose)
    version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64, unique=True)
    text = models.TextField()

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.version}"


class ConsentQuerySet(AppendOnlyQuerySet):
    def in_force(self) -> Self:
        """Grants without a later grant or revocation of the same lead and purpose."""
        same_purpose = Consent.objects.filter(lead=OuterRef("lead"), text__purpose=OuterRef("text__purpose"))
        later = same_purpose.filter(
            Q(created_at__gt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), id__gt=OuterRef("id"))
        )
        return self.filter(~Exists(later), granted=True)


class Consent(AppendOnly):
    """One grant (`granted`) or revocation."""

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    granted = models.BooleanField()
    channel = models.CharField(max_length=10, choices=ConsentChannel)
    created_at = models.DateTimeField()

    objects = ConsentQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.text}: {'granted' if self.granted else 'revoked'}"
