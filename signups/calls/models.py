"""The free onboarding call: one row from its booking to its end, whenever it is moved to."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q

from signups.hosts.models import Host
from signups.leads.models import Lead

from .choices import CallStatus
from .no_overlap import NoOverlap


class OnboardingCallQuerySet(models.QuerySet["OnboardingCall"]):
    def booked(self) -> Self:
        return self.filter(status=CallStatus.BOOKED)

    def upcoming(self, now: dt.datetime) -> Self:
        """Booked, and not begun."""
        return self.booked().filter(starts_at__gt=now)

    def unsettled(self, now: dt.datetime) -> Self:
        """Begun, and nobody has said how it went; the longest ago first."""
        return self.booked().filter(starts_at__lte=now).order_by("starts_at")

    def standing(self) -> Self:
        """Those that take or took their host's time."""
        return self.exclude(status=CallStatus.CANCELLED)


class OnboardingCall(models.Model):
    """`blocked_from` to `blocked_to` is the call with the buffers of the day it was booked: its host's alone."""

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="calls")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="calls")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    blocked_from = models.DateTimeField()
    blocked_to = models.DateTimeField()
    status = models.CharField(max_length=10, choices=CallStatus, default=CallStatus.BOOKED)
    # The lead's one call to come. Falls when a later one is booked after this one began and nobody noted its outcome.
    is_current = models.BooleanField(default=True, editable=False)
    # RFC 5545 §3.8.4.7 and §3.8.7.4: the invitation's identity, for good, and how often it was changed.
    uid = models.CharField(max_length=300, unique=True, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    # Of the form that booked it, and what that form asked for: the same form sent twice books once.
    idempotency_key = models.UUIDField(null=True, unique=True, editable=False)
    request_fingerprint = models.CharField(max_length=80, editable=False)
    created_at = models.DateTimeField(editable=False)
    changed_at = models.DateTimeField(editable=False)

    objects = OnboardingCallQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-id"]
        permissions = [("reassign_onboardingcall", "Can give a call to another host")]
        indexes = [models.Index(fields=["starts_at"], name="signups_call_starts_at")]
        constraints = [
            NoOverlap(
                owner="host",
                start="blocked_from",
                end="blocked_to",
                status="status",
                held=CallStatus.BOOKED.value,
                name="signups_call_no_overlap",
            ),
            models.UniqueConstraint(
                fields=["lead"],
                condition=Q(status=CallStatus.BOOKED, is_current=True),
                name="signups_call_one_current_per_lead",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"), blocked_from__lte=F("starts_at"), blocked_to__gte=F("ends_at")),
                name="signups_call_within_blocked_time",
            ),
        ]

    def __str__(self) -> str:
        return f"call of {self.lead} at {self.starts_at:%Y-%m-%d %H:%M} UTC"

    def is_unsettled(self, now: dt.datetime) -> bool:
        """As `OnboardingCallQuerySet.unsettled`."""
        return self.status == CallStatus.BOOKED and self.starts_at <= now

    def date(self) -> dt.date:
        """The day of the call where its host is."""
        return self.starts_at.astimezone(ZoneInfo(self.host.time_zone)).date()
