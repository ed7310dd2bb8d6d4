"""People elsewhere who want to hear when the clinic opens where they live."""

from typing import Any, ClassVar, Self

from django.db import models

from .leads import Lead


class OpeningRequestQuerySet(models.QuerySet["OpeningRequest"]):
    def waiting(self) -> Self:
        return self.filter(told_at=None)


class OpeningRequest(models.Model):
    """One message is sent when the state is on the clinic's list, and no other."""

    PERSONAL: ClassVar[dict[str, Any]] = {"state": ""}

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="opening_requests")
    state = models.CharField(max_length=2)
    asked_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    objects = OpeningRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "state"], condition=models.Q(told_at=None), name="signups_one_wait_per_state"
            )
        ]

    def __str__(self) -> str:
        return self.state
