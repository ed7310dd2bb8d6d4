"""Entries of the waitlist for states that the clinic does not serve yet."""

from typing import Any, ClassVar, Self

from django.db import models

from signups.leads.models import Lead


class WaitlistEntryQuerySet(models.QuerySet["WaitlistEntry"]):
    def waiting(self) -> Self:
        return self.filter(notified_at=None)


class WaitlistEntry(models.Model):
    """A lead who gets one message when the clinic serves `state`."""

    PII_FIELDS: ClassVar[dict[str, Any]] = {"state": ""}

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="opening_requests")
    state = models.CharField(max_length=2)
    created_at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True)

    objects = WaitlistEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "state"],
                condition=models.Q(notified_at=None),
                name="signups_waitlist_one_open_per_state",
            )
        ]

    def __str__(self) -> str:
        return self.state
