"""Hosts and their availability.

Weekly hours in the host's zone, overrides of a date, time off, and the clinic's holidays.
"""

import uuid
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from clinic.lib import time_zones
from signups.offer import current_offer


class HostQuerySet(models.QuerySet["Host"]):
    def active(self) -> Self:
        return self.filter(active=True, user__is_active=True)

    def locked(self) -> Self:
        """Lock the rows until the commit, in id order to avoid deadlocks."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


class Host(models.Model):
    """A staff user who takes calls."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="host")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    time_zone = models.CharField(max_length=64)
    daily_limit = models.PositiveSmallIntegerField(
        "Max calls per day", null=True, blank=True, help_text="Leave blank to use the clinic default."
    )
    weight = models.PositiveSmallIntegerField(
        "Round-robin weight",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="A host with 2 gets twice as many calls as a host with 1.",
    )
    active = models.BooleanField("Accepts bookings", default=True)
    # Incremented to invalidate the URL of the calendar feed.
    feed_version = models.PositiveIntegerField(default=1, editable=False)
    last_assigned_at = models.DateTimeField(null=True, editable=False)

    objects = HostQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        permissions = [("change_own_host", "Can edit own availability")]
        constraints = [models.CheckConstraint(condition=Q(weight__gte=1), name="signups_host_has_weight")]

    def __str__(self) -> str:
        return self.user.get_full_name() or self.user.get_username()

    @property
    def public_name(self) -> str:
        """The name shown to patients, which never is the username."""
        return self.user.get_full_name() or "Someone"


class AvailabilityRule(models.Model):
    """One weekly window, in minutes after midnight of the host's zone.

    An end before the start is on the next day.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="rules")
    weekday = models.PositiveSmallIntegerField(help_text="0 is Monday.")
    start = models.PositiveSmallIntegerField()
    end = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["weekday", "start"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__lt=7, start__lt=1440, end__lte=1440) & ~Q(start=F("end")),
                name="signups_availability_valid_window",
            )
        ]

    def __str__(self) -> str:
        return f"weekday {self.weekday}, {self.start}–{self.end}"


class DateOverride(models.Model):
    """Hours of one date in the host's zone, instead of the weekly ones.

    `windows` is a list of [start, end] in minutes after midnight; empty means closed.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="overrides")
    date = models.DateField()
    windows = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["host", "date"], name="signups_override_unique_host_date")]

    def __str__(self) -> str:
        return f"{self.date}: {len(self.windows)} windows"


class TimeOff(models.Model):
    """An interval in which the host takes no calls."""

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        verbose_name_plural = "time off"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="signups_timeoff_ends_after_start",
                violation_error_message="Time off ends after it starts.",
            )
        ]

    def __str__(self) -> str:
        zone = current_offer().time_zone
        return f"{time_zones.format_short(self.starts_at, zone)} to {time_zones.format_short(self.ends_at, zone)}"


class Holiday(models.Model):
    """A date on which the clinic is closed; a host's DateOverride takes precedence."""

    date = models.DateField(unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.name}, {self.date}"
