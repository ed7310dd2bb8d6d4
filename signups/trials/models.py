"""The free days: their terms as they were when asked for, and what happened since."""

import datetime as dt
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q

from signups.leads.models import Lead

CANCEL_UNDO_WINDOW = dt.timedelta(
    hours=1
)  # within which a cancelled trial can be taken up again, and a settled refund be owed again
OPEN_TRIAL = Q(cancelled_at=None, converted_at=None)
REFUND_OWED = Q(refund_requested_at__isnull=False, refunded_at=None)
MAX_TRIAL_DAYS = 90  # days


class TrialQuerySet(models.QuerySet["Trial"]):
    def open(self) -> Self:
        """Asked for, and neither cancelled nor followed by treatment; at most one for each lead."""
        return self.filter(OPEN_TRIAL)

    def running(self, now: dt.datetime) -> Self:
        """In their free days at `now`."""
        return self.open().filter(started_at__lte=now, ends_at_db__gt=now)

    def ending_within(self, span: dt.timedelta, now: dt.datetime) -> Self:
        """Running, with at most `span` left; the one that ends first comes first."""
        return self.running(now).filter(ends_at_db__lte=now + span).order_by("ends_at_db")

    def refund_owed(self) -> Self:
        """Somebody asked for their money back and does not have it yet; the longest waiting first."""
        return self.filter(REFUND_OWED).order_by("refund_requested_at")


class TrialEnd(models.Func):
    """`days` times 24 hours after `started_at`, null before, in words that a generated column may consist of."""

    arity = 2
    output_field = models.DateTimeField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[()]]:
        start, days = self._columns(compiler)
        # (In UTC and back: with the session's zone, which may have clock changes, it would not be immutable.)
        return f"(({start} AT TIME ZONE 'UTC' + {days} * interval '1 day') AT TIME ZONE 'UTC')", ()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[()]]:
        start, days = self._columns(compiler)
        # (The time of day stays as it is: SQLite's own would lose the microseconds.)
        return f"(date(substr({start}, 1, 10), {days} || ' days') || substr({start}, 11))", ()

    def _columns(self, compiler: Any) -> list[str]:
        return [compiler.compile(column)[0] for column in self.get_source_expressions()]


class Trial(models.Model):
    """State, end and days left are derived from the instants below; nothing else is written."""

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="trials")
    days = models.PositiveSmallIntegerField()
    guarantee_days = models.PositiveSmallIntegerField()
    terms_version = models.CharField(max_length=20)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    converted_at = models.DateTimeField(null=True, blank=True)
    refund_requested_at = models.DateTimeField(null=True, blank=True)
    refunded_at = models.DateTimeField(null=True, blank=True)
    # For questions to the database, by an index; `ends_at` tells of one trial, also before it is saved.
    ends_at_db = models.GeneratedField(
        expression=TrialEnd("started_at", "days"), output_field=models.DateTimeField(), db_persist=True
    )

    objects = TrialQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at"]
        indexes = [
            # All that the question which trials end soon has to read.
            models.Index(
                fields=["ends_at_db", "started_at", "lead"],
                condition=OPEN_TRIAL & Q(started_at__isnull=False),
                name="signups_trial_open_end",
            ),
            models.Index(
                fields=["refund_requested_at", "lead"],
                condition=REFUND_OWED,
                name="signups_trial_refund_owed",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=MAX_TRIAL_DAYS), name="signups_trial_days_range"),
            models.UniqueConstraint(
                fields=["lead"],
                condition=OPEN_TRIAL,
                name="signups_trial_one_open_per_lead",
            ),
            models.CheckConstraint(
                condition=Q(started_at=None) | Q(started_at__gte=F("requested_at")),
                name="signups_trial_starts_after_request",
            ),
            models.CheckConstraint(
                condition=Q(converted_at=None) | Q(started_at__isnull=False), name="signups_trial_converted_was_started"
            ),
            models.CheckConstraint(
                condition=Q(refund_requested_at=None) | Q(converted_at__isnull=False),
                name="signups_trial_refund_was_converted",
            ),
            models.CheckConstraint(
                condition=Q(refunded_at=None)
                | Q(refund_requested_at__isnull=False, refunded_at__gte=F("refund_requested_at")),
                name="signups_trial_refunded_was_requested",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days}-day trial of {self.lead}"

    @property
    def ends_at(self) -> dt.datetime | None:
        """`days` times 24 hours after the start (so nobody gets less at a clock change); None before it."""
        return self.started_at + dt.timedelta(days=self.days) if self.started_at else None

    @property
    def may_be_converted(self) -> bool:
        """It was started, and neither cancelled nor followed by treatment: also after its end."""
        return bool(self.started_at and not self.cancelled_at and not self.converted_at)

    @property
    def undo_until(self) -> dt.datetime | None:
        """Until when the cancelling can be taken back; None when it is not cancelled."""
        return self.cancelled_at + CANCEL_UNDO_WINDOW if self.cancelled_at else None

    def guarantee_last_day(self, zone: str) -> dt.date | None:
        """`guarantee_days` after the day of conversion on the calendar of `zone` (IANA); None before conversion."""
        if not self.converted_at:
            return None
        return self.converted_at.astimezone(ZoneInfo(zone)).date() + dt.timedelta(days=self.guarantee_days)

    @property
    def refund_is_owed(self) -> bool:
        """As `TrialQuerySet.refund_owed`."""
        return self.refund_requested_at is not None and self.refunded_at is None

    def may_be_owed_again(self, now: dt.datetime) -> bool:
        """That the money was sent back was said so short a time ago that it can be taken back."""
        return self.refunded_at is not None and now <= self.refunded_at + CANCEL_UNDO_WINDOW

    def may_be_refunded(self, zone: str, now: dt.datetime) -> bool:
        """The guarantee still runs at `now`, to the end of its last day in `zone`, and nobody has asked yet."""
        last = self.guarantee_last_day(zone)
        return last is not None and now.astimezone(ZoneInfo(zone)).date() <= last and not self.refund_requested_at

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
