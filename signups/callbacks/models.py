"""Callback requests and their call attempts."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from clinic.lib.append_only import AppendOnly, AppendOnlyQuerySet
from clinic.lib.phone_numbers import EXTENSION_LENGTH
from signups.consents.contact_policy import may_call_back
from signups.consents.models import Consent
from signups.leads.choices import TERMINAL_STATUSES, PartOfDay
from signups.leads.models import Lead
from signups.leads.phone_display import PhoneDisplay

from .choices import RETRY_OUTCOMES, CallbackOutcome, CallOutcome, Topic

MAX_CALL_ATTEMPTS = 3


class CallbackRequestQuerySet(models.QuerySet["CallbackRequest"]):
    def timed(self) -> Self:
        """Annotate `next_at` and `call_at`.

        `next_at` is the retry time set by the last attempt, or by a change of time zone since (`retry_at`); `call_at`
        is when the call is due: `next_at` or `due_at`.
        """
        tries = CallAttempt.objects.standing().filter(request=OuterRef("pk")).order_by("-number")
        return self.annotate(next_at=Coalesce("retry_at", Subquery(tries.values("next_attempt_at")[:1]))).annotate(
            call_at=Coalesce("next_at", "due_at")
        )

    def open(self) -> Self:
        """Filter requests still to be called, with due times annotated."""
        return self.timed().filter(closed_at=None).exclude(lead__status__in=TERMINAL_STATUSES)

    def overdue(self, now: dt.datetime) -> Self:
        """Filter open requests that nobody has attempted by the promised time. A retry is never overdue."""
        return self.filter(next_at=None, due_at__lt=now)

    def due(self, now: dt.datetime) -> Self:
        """Filter open requests to call now: without an attempt, or with the retry time reached."""
        return self.filter(Q(next_at=None) | Q(next_at__lte=now)).callable_at(now)

    def callable_at(self, now: dt.datetime) -> Self:
        """Filter open requests whose person may be called at `now`; one query, of the open requests only."""
        waiting = self.select_related("lead")
        return self.filter(pk__in=[request.pk for request in waiting if may_call_back(request, now).allowed])

    def soonest_first(self) -> Self:
        return self.order_by("call_at", "id")

    def claimed_by(self, user: User) -> Self:
        return self.filter(claimed_by=user)

    def unclaimed(self) -> Self:
        return self.filter(claimed_by=None)


class CallbackRequest(PhoneDisplay, models.Model):
    """A request to be called back.

    `due_at` is the promised instant, counted in the clinic's business minutes. Overdue is derived, see the queryset.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {
        "phone": "",
        "phone_e164": "",
        "phone_extension": "",
        "time_zone": "UTC",
        "best_time": PartOfDay.ANY,
        "topic": Topic.OTHER,
    }

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="callbacks")
    phone = models.CharField(max_length=40)
    phone_e164 = models.CharField("phone, E.164", max_length=16)
    phone_extension = models.CharField("extension", max_length=EXTENSION_LENGTH, blank=True)
    time_zone = models.CharField(max_length=64)
    best_time = models.CharField("best time", max_length=10, choices=PartOfDay, default=PartOfDay.ANY)
    topic = models.CharField(max_length=10, choices=Topic)
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # Replaces the last attempt's retry time, which became night where the person is. Cleared by the next attempt.
    retry_at = models.DateTimeField(null=True, editable=False)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="callbacks"
    )
    claimed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=CallbackOutcome, blank=True)

    # Annotations of `timed()`.
    next_at: dt.datetime | None
    call_at: dt.datetime

    objects = CallbackRequestQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        permissions = [
            ("work_callbackrequest", "Can claim, call and close callbacks"),
            ("reassign_callbackrequest", "Can reassign callbacks"),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(closed_at=None), name="signups_callback_open")]
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], condition=Q(closed_at=None), name="signups_callback_one_open_per_lead"
            ),
            models.CheckConstraint(
                condition=Q(claimed_by=None, claimed_at=None) | Q(claimed_by__isnull=False, claimed_at__isnull=False),
                name="signups_callback_claim_has_claimed_at",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="signups_callback_closed_has_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"Callback for {self.lead}"


class CallAttemptQuerySet(AppendOnlyQuerySet):
    def standing(self) -> Self:
        """Filter attempts whose outcome was not undone."""
        return self.filter(undone_at=None)


class CallAttempt(AppendOnly):
    """One call attempt, numbered from 1.

    An outcome in RETRY_OUTCOMES sets the next attempt, except after the last. The row stays as it is; only that its
    outcome was undone is added (`outcome_undo`), and its number is then free.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    request = models.ForeignKey(CallbackRequest, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    attempted_at = models.DateTimeField()
    attempted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=12, choices=CallOutcome)
    next_attempt_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager[Any]] = CallAttemptQuerySet.as_manager()

    class Meta:
        ordering = ["number", "attempted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "number"], condition=Q(undone_at=None), name="signups_callattempt_unique_number"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=MAX_CALL_ATTEMPTS), name="signups_callattempt_max_number"
            ),
            models.CheckConstraint(
                # (`isnull` by name: a comparison with NULL is neither true nor false, and would pass)
                condition=Q(
                    outcome__in=RETRY_OUTCOMES,
                    number__lt=MAX_CALL_ATTEMPTS,
                    next_attempt_at__isnull=False,
                    next_attempt_at__gt=F("attempted_at"),
                )
                | (Q(next_attempt_at=None) & (~Q(outcome__in=RETRY_OUTCOMES) | Q(number=MAX_CALL_ATTEMPTS))),
                name="signups_callattempt_retry_has_next",
            ),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.number}: {self.get_outcome_display()}"
