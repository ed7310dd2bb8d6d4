"""Reasons for which a lead is closed, chosen from a list that the Head maintains."""

from typing import Any

from django.db import models


class CloseReasonQuerySet(models.QuerySet["CloseReason"]):
    def choices(self) -> list[tuple[str, str]]:
        """Return (value, label) of the active reasons; the usual ones when the Head has deactivated all."""
        names = list(self.filter(is_active=True).values_list("name", flat=True))
        return [(name, name) for name in names or USUAL_REASONS]


class CloseReason(models.Model):
    name = models.CharField(max_length=80, unique=True, help_text="Don’t include health information.")
    is_active = models.BooleanField("Active", default=True)

    objects = CloseReasonQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


USUAL_REASONS = (
    *("Asked us to stop", "Chose another provider", "Cost", "Could not be reached", "Entered by mistake"),
    *("Lives in another state", "Moved away", "No longer interested", "Not now", "Other"),
)


def create_usual_reasons(**kwargs: Any) -> None:
    """Create the usual reasons where there is no list yet. Receiver of `post_migrate`."""
    if not CloseReason.objects.exists():
        CloseReason.objects.bulk_create(CloseReason(name=name) for name in USUAL_REASONS)
