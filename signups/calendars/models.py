"""Calendars that hosts connect: when the host is busy there, never with what."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q

from clinic.lib.encryption import EncryptedTextField
from signups.hosts.models import Host

from .choices import CalendarKind
from .epoch_field import EpochField


class CalendarConnectionQuerySet(models.QuerySet["CalendarConnection"]):
    def due(self, now: dt.datetime) -> Self:
        """Filter connections whose next check has come, oldest first."""
        return self.filter(next_check_at__lte=now).order_by("next_check_at")

    def failing(self) -> Self:
        return self.exclude(failing_since=None)


class CalendarConnection(models.Model):
    """A calendar of a host, with the credentials to read it.

    `failing_since` is when it could first not be read; the busy times of `checked_at` block until it can.
    """

    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="calendars")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=CalendarKind)
    url = EncryptedTextField()
    username = EncryptedTextField(blank=True)
    password = EncryptedTextField(blank=True)
    created_at = models.DateTimeField()
    next_check_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    # The validator of the last file read from a private link (RFC 9110 §8.8.3), and up to when and in which zone its
    # busy times were expanded.
    etag = models.CharField(max_length=200, blank=True, editable=False)
    read_until = models.DateTimeField(null=True, editable=False)
    read_zone = models.CharField(max_length=64, blank=True, editable=False)
    failing_since = models.DateTimeField(null=True)
    failure = models.CharField(max_length=120, blank=True)

    objects = CalendarConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["next_check_at"], name="signups_calendar_next_check")]
        constraints = [
            models.CheckConstraint(
                condition=Q(failing_since=None, failure="") | (Q(failing_since__isnull=False) & ~Q(failure="")),
                name="signups_calendar_failure_has_since",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.host}"


class BusyTime(models.Model):
    """An interval in which the host is busy according to a connected calendar; nothing else of it is stored."""

    calendar = models.ForeignKey(CalendarConnection, on_delete=models.CASCADE, related_name="busy_times")
    starts_at = EpochField()
    ends_at = EpochField()

    class Meta:
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["calendar", "starts_at", "ends_at"], name="signups_busytime_of_calendar")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="signups_busytime_ends_after_start")
        ]

    def __str__(self) -> str:
        return f"{self.starts_at} to {self.ends_at}"


class CalendarCopy(models.Model):
    """A booked call as we wrote it to a host's CalDAV calendar, in version `sequence`.

    `missing_at` is when it was found deleted there: it is not written again in this version. `is_outdated`: the entry
    has former initials, and is written again.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    calendar = models.ForeignKey(CalendarConnection, on_delete=models.CASCADE, related_name="copies")
    call = models.ForeignKey("signups.OnboardingCall", on_delete=models.PROTECT, related_name="calendar_copies")
    sequence = models.PositiveIntegerField()
    missing_at = models.DateTimeField(null=True)
    is_outdated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calendar", "call"], name="signups_calendarcopy_one_per_calendar")
        ]

    def __str__(self) -> str:
        return f"copy of {self.call}, version {self.sequence}"
