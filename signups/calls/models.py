"""Onboarding calls: one row per call, kept when the call is moved."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q

from signups.hosts.models import Host
from signups.leads.models import Lead

from .call_type_models import CallType
from .choices import AlertKind, CalendarAnswer, CallStatus
from .no_overlap import NoOverlap


class OnboardingCallQuerySet(models.QuerySet["OnboardingCall"]):
    def booked(self) -> Self:
        return self.filter(status=CallStatus.BOOKED)

    def upcoming(self, now: dt.datetime) -> Self:
        """Filter booked calls that have not begun."""
        return self.booked().filter(starts_at__gt=now)

    def unsettled(self, now: dt.datetime) -> Self:
        """Filter calls that began without a recorded outcome; oldest first."""
        return self.booked().filter(starts_at__lte=now).order_by("starts_at")

    def standing(self) -> Self:
        """Filter calls that occupy their host's time: all but cancelled ones."""
        return self.exclude(status=CallStatus.CANCELLED)


class OnboardingCall(models.Model):
    """An onboarding call of a lead with a host.

    `blocked_from` to `blocked_to` is the call plus the buffers in force when it was booked; no other call of the host
    may overlap it.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {"lead_zone": "UTC", "answers": {}}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="calls")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="calls")
    call_type = models.ForeignKey(CallType, on_delete=models.PROTECT, related_name="calls")
    # The chosen option of each of the type's questions, as {question: option} in the words of that day.
    answers = models.JSONField(default=dict, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    blocked_from = models.DateTimeField()
    blocked_to = models.DateTimeField()
    # Zones, and their UTC offsets in minutes at the start, as they were when the time was agreed (`clock_changes`).
    lead_zone = models.CharField(max_length=64, default="UTC", editable=False)
    lead_offset = models.SmallIntegerField(default=0, editable=False)
    host_zone = models.CharField(max_length=64, default="UTC", editable=False)
    host_offset = models.SmallIntegerField(default=0, editable=False)
    # The person's latest answer, by their calendar program, to this version of the invitation.
    answer = models.CharField(max_length=10, choices=CalendarAnswer, blank=True, editable=False)
    status = models.CharField(max_length=10, choices=CallStatus, default=CallStatus.BOOKED)
    # The lead's current call. Cleared when another is booked after this one began without a recorded outcome.
    is_current = models.BooleanField(default=True, editable=False)
    # RFC 5545 §3.8.4.7 and §3.8.7.4: permanent identity of the invitation, and its revision number.
    uid = models.CharField(max_length=300, unique=True, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    # ORGANIZER of every invitation of this call: clients refuse updates from another one (RFC 5546 §2.1.4).
    organizer = models.EmailField(max_length=254, editable=False)
    reminders = models.BooleanField(default=True, db_default=True)
    # Key of the form submission, and a fingerprint of its content: a repeated submission books once.
    idempotency_key = models.UUIDField(null=True, unique=True, editable=False)
    request_fingerprint = models.CharField(max_length=80, editable=False)
    created_at = models.DateTimeField(editable=False)
    changed_at = models.DateTimeField(editable=False)

    objects = OnboardingCallQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-id"]
        permissions = [("reassign_onboardingcall", "Can reassign calls")]
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

    def date(self) -> dt.date:
        """Return the date of the call in the host's time zone."""
        return self.starts_at.astimezone(ZoneInfo(self.host.time_zone)).date()


class CallAlertQuerySet(models.QuerySet["CallAlert"]):
    def open(self, now: dt.datetime) -> Self:
        """Filter alerts that still matter: not settled, and the call is still to come in the version they are about."""
        upcoming = self.filter(settled_at=None, call__status=CallStatus.BOOKED, call__starts_at__gt=now)
        return upcoming.filter(call__sequence=F("sequence")).order_by("call__starts_at", "id")


class CallAlert(models.Model):
    """Something staff should look at about version `sequence` of a booked call.

    A newer version of the call, or its end, settles it by itself.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    call = models.ForeignKey(OnboardingCall, on_delete=models.PROTECT, related_name="alerts")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=AlertKind)
    proposed_start = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    objects = CallAlertQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["call", "sequence", "kind"],
                condition=Q(settled_at=None),
                name="signups_callalert_one_open_per_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.created_at:%Y-%m-%d}"
