"""The free days: their terms as they were when asked for, and what happened since."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from .leads import Lead


class Trial(models.Model):
    """State, end and days left are derived from the instants below; only these are stored."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="trials")
    days = models.PositiveSmallIntegerField()
    guarantee_days = models.PositiveSmallIntegerField()
    terms_version = models.CharField(max_length=20)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    converted_at = models.DateTimeField(null=True, blank=True)
    refund_requested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=Q(cancelled_at=None, converted_at=None),
                name="signups_one_open_trial_per_lead",
            ),
            models.CheckConstraint(
                condition=Q(started_at=None) | Q(started_at__gte=F("requested_at")),
                name="signups_trial_starts_after_request",
            ),
            models.CheckConstraint(
                condition=Q(converted_at=None) | Q(started_at__isnull=False), name="signups_only_started_trials_convert"
            ),
            models.CheckConstraint(
                condition=Q(refund_requested_at=None) | Q(converted_at__isnull=False),
                name="signups_refund_after_conversion",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days}-day trial of {self.lead}"

    @property
    def ends_at(self) -> dt.datetime | None:
        """`days` times 24 hours after the start (so nobody gets less at a clock change); None before it."""
        return self.started_at + dt.timedelta(days=self.days) if self.started_at else None

    def day(self, now: dt.datetime) -> int | None:
        """Which day of the trial `now` falls on, from 1; None before the start and after the end."""
        if not self.started_at or not self.ends_at or not self.started_at <= now < self.ends_at:
            return None
        return (now - self.started_at).days + 1

    def state(self, now: dt.datetime) -> str:
        """`cancelled`, `converted`, `requested`, `day 3 of 7` or `ended`."""
        if self.cancelled_at:
            return "cancelled"
        if self.converted_at:
            return "converted"
        if not self.started_at:
            return "requested"
        day = self.day(now)
        return f"day {day} of {self.days}" if day else "ended"
