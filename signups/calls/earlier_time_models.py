"""The waiting list for earlier times: who waits, which times were freed, and to whom each was offered."""

import datetime as dt
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from signups.hosts.models import Host

from .choices import CallStatus, OfferStatus
from .models import OnboardingCall
from .no_overlap import NoOverlap


class EarlierTimeRequestQuerySet(models.QuerySet["EarlierTimeRequest"]):
    def open(self, now: dt.datetime) -> Self:
        """Filter requests that still matter: the call is booked and to come; in the order of the line."""
        upcoming = self.filter(closed_at=None, call__status=CallStatus.BOOKED, call__starts_at__gt=now)
        return upcoming.order_by("created_at", "pk")


class EarlierTimeRequest(models.Model):
    """Somebody with a booked call would take an earlier time. It ends with the call, or when they leave the list."""

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    call = models.ForeignKey(OnboardingCall, on_delete=models.PROTECT, related_name="earlier_time_requests")
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = EarlierTimeRequestQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["call"], condition=Q(closed_at=None), name="signups_earliertime_one_open_per_call"
            )
        ]

    def __str__(self) -> str:
        return f"earlier time for {self.call}"


class FreedSlot(models.Model):
    """A host's time that a canceled or rescheduled call left, to be offered from `created_at` until it is settled.

    Settled is what is taken, kept by undoing a cancellation, or of use to nobody.
    """

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="freed_slots")
    starts_at = models.DateTimeField()
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["host", "starts_at"], condition=Q(settled_at=None), name="signups_freedslot_one_open_per_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.host} at {self.starts_at:%Y-%m-%d %H:%M} UTC"


class SlotOfferQuerySet(models.QuerySet["SlotOffer"]):
    def open(self, now: dt.datetime) -> Self:
        """Filter offers that can be accepted, whose time is offers."""
        return self.filter(status=OfferStatus.OPEN, expires_at__gt=now)


class SlotOffer(models.Model):
    """A freed time held for one person until `expires_at`.

    The database allows one open offer of a time, and one to a person.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    request = models.ForeignKey(EarlierTimeRequest, on_delete=models.PROTECT, related_name="offers")
    freed_slot = models.ForeignKey(FreedSlot, on_delete=models.PROTECT, related_name="offers")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="slot_offers")
    starts_at = models.DateTimeField()
    blocked_from = models.DateTimeField()
    blocked_to = models.DateTimeField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=OfferStatus, default=OfferStatus.OPEN)

    objects = SlotOfferQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["request", "freed_slot"], name="signups_slotoffer_once_to_each"),
            models.UniqueConstraint(
                fields=["freed_slot"], condition=Q(status=OfferStatus.OPEN), name="signups_slotoffer_one_per_slot"
            ),
            models.UniqueConstraint(
                fields=["request"], condition=Q(status=OfferStatus.OPEN), name="signups_slotoffer_one_per_person"
            ),
            NoOverlap(
                owner="host",
                start="blocked_from",
                end="blocked_to",
                status="status",
                held=OfferStatus.OPEN.value,
                name="signups_slotoffer_no_overlap",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} UTC to {self.request.call.lead}, {self.status}"
