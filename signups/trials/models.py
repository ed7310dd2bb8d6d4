"""Trials: the terms at the time of the request, and the events since."""

import datetime as dt
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q

from clinic.lib.encryption import EncryptedTextField
from signups.leads.models import Lead
from signups.leads.undo import STAFF_UNDO_WINDOW

OPEN_TRIAL = Q(cancelled_at=None, converted_at=None)
REFUND_OWED = Q(refund_requested_at__isnull=False, refunded_at=None)
MAX_TRIAL_DAYS = 90  # days


class TrialQuerySet(models.QuerySet["Trial"]):
    def open(self) -> Self:
        """Filter trials neither cancelled nor converted; at most one per lead."""
        return self.filter(OPEN_TRIAL)

    def running(self, now: dt.datetime) -> Self:
        """Filter trials that have started and not ended at `now`."""
        return self.open().filter(started_at__lte=now, ends_at_db__gt=now)

    def ending_within(self, span: dt.timedelta, now: dt.datetime) -> Self:
        """Filter running trials with at most `span` left, earliest end first."""
        return self.running(now).filter(ends_at_db__lte=now + span).order_by("ends_at_db")

    def refund_owed(self) -> Self:
        """Filter trials with a requested, unsent refund; longest waiting first."""
        return self.filter(REFUND_OWED).order_by("refund_requested_at")


class TrialEnd(models.Func):
    """SQL for `days` times 24 hours after `started_at`; null before the start.

    Immutable, as generated columns require.
    """

    arity = 2
    output_field = models.DateTimeField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[()]]:
        start, days = self._columns(compiler)
        # (Via UTC: in the session's time zone the expression would not be immutable.)
        return f"(({start} AT TIME ZONE 'UTC' + {days} * interval '1 day') AT TIME ZONE 'UTC')", ()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[()]]:
        start, days = self._columns(compiler)
        # (The time of day is kept as text: SQLite's datetime() would lose the microseconds.)
        return f"(date(substr({start}, 1, 10), {days} || ' days') || substr({start}, 11))", ()

    def _columns(self, compiler: Any) -> list[str]:
        return [compiler.compile(column)[0] for column in self.get_source_expressions()]


class Trial(models.Model):
    """A free trial; state, end and days left are derived from the timestamps."""

    PII_FIELDS: ClassVar[dict[str, Any]] = {"form": None}

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="trials")
    days = models.PositiveSmallIntegerField()
    guarantee_days = models.PositiveSmallIntegerField()
    terms_version = models.CharField(max_length=20)
    # What somebody whom staff knew before said in the form (`signup_form`), as JSON, until they confirm the address.
    form = EncryptedTextField(null=True)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    converted_at = models.DateTimeField(null=True, blank=True)
    refund_requested_at = models.DateTimeField(null=True, blank=True)
    refunded_at = models.DateTimeField(null=True, blank=True)
    # For indexed queries; `ends_at` is the same in Python, also before the trial is saved.
    ends_at_db = models.GeneratedField(
        expression=TrialEnd("started_at", "days"), output_field=models.DateTimeField(), db_persist=True
    )

    objects = TrialQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at"]
        indexes = [
            # Covers the query for trials that end soon.
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
        """Return `days` times 24 hours after the start; None before the start.

        Fixed hours, so that a clock change shortens no trial.
        """
        return self.started_at + dt.timedelta(days=self.days) if self.started_at else None

    @property
    def may_be_converted(self) -> bool:
        """Return whether the trial was started and neither cancelled nor converted."""
        return bool(self.started_at and not self.cancelled_at and not self.converted_at)

    @property
    def undo_until(self) -> dt.datetime | None:
        """Return the undo deadline of a cancellation; None when not cancelled."""
        return self.cancelled_at + STAFF_UNDO_WINDOW if self.cancelled_at else None

    def guarantee_last_day(self, zone: str) -> dt.date | None:
        """Return the last day of the guarantee in `zone` (IANA); None before conversion.

        It is `guarantee_days` after the local date of conversion.
        """
        if not self.converted_at:
            return None
        return self.converted_at.astimezone(ZoneInfo(zone)).date() + dt.timedelta(days=self.guarantee_days)

    @property
    def refund_is_owed(self) -> bool:
        """Return whether `TrialQuerySet.refund_owed` would contain this trial."""
        return self.refund_requested_at is not None and self.refunded_at is None

    def conversion_may_be_undone(self, now: dt.datetime) -> bool:
        """Return whether the conversion can be undone at `now`."""
        return bool(self.converted_at and now < self.converted_at + STAFF_UNDO_WINDOW and not self.refund_requested_at)

    def may_be_owed_again(self, now: dt.datetime) -> bool:
        """Return whether `mark_refunded` can be undone at `now`."""
        return self.refunded_at is not None and now <= self.refunded_at + STAFF_UNDO_WINDOW

    def may_be_refunded(self, zone: str, now: dt.datetime) -> bool:
        """Return whether a refund can be requested at `now`.

        The guarantee runs to the end of its last day in `zone`, and no refund was requested before.
        """
        last = self.guarantee_last_day(zone)
        return last is not None and now.astimezone(ZoneInfo(zone)).date() <= last and not self.refund_requested_at

    def day(self, now: dt.datetime) -> int | None:
        """Return the day of the trial at `now`, from 1; None before start and after end."""
        if not self.started_at or not self.ends_at or not self.started_at <= now < self.ends_at:
            return None
        return (now - self.started_at).days + 1

    def state(self, now: dt.datetime) -> str:
        """Return `cancelled`, `converted`, `requested`, `day 3 of 7` or `ended`."""
        if self.cancelled_at:
            return "cancelled"
        if self.converted_at:
            return "converted"
        if not self.started_at:
            return "email not confirmed"
        day = self.day(now)
        return f"day {day} of {self.days}" if day else "ended"
