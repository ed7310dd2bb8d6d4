"""Types of calls: how long, with whom, and what is asked beforehand. The free onboarding call is the first."""

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from signups.hosts.models import Host, HostQuerySet
from signups.offer import ClinicOffer
from signups.scheduling.slots import CallRules

ONBOARDING = "Free onboarding call"
AS_IN_PROFILE = "Minutes. Blank: as in the clinic profile."


class CallTypeQuerySet(models.QuerySet["CallType"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def onboarding(self) -> "CallType":
        """Return the free onboarding call, which every installation has."""
        return self.get_or_create(is_onboarding=True, defaults={"name": ONBOARDING})[0]


class CallType(models.Model):
    """What people can book. `questions` is a list of {"label", "options"}: answers are chosen, never typed.

    Without hosts of its own, every host holds it. Step, notice and horizon are those of the clinic's profile.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(
        max_length=40,
        unique=True,
        help_text="Completes “Your … is booked”, such as “insurance call”. Patients read it.",
    )
    is_onboarding = models.BooleanField(default=False, editable=False)
    is_active = models.BooleanField("Can be booked", default=True)
    minutes = models.PositiveSmallIntegerField(
        "length",
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(240)],
        help_text=AS_IN_PROFILE,
    )
    minutes_before = models.PositiveSmallIntegerField(
        "buffer before", null=True, blank=True, validators=[MaxValueValidator(240)], help_text=AS_IN_PROFILE
    )
    minutes_after = models.PositiveSmallIntegerField(
        "buffer after", null=True, blank=True, validators=[MaxValueValidator(240)], help_text=AS_IN_PROFILE
    )
    hosts = models.ManyToManyField(Host, blank=True, related_name="call_types", help_text="None chosen: every host.")
    questions = models.JSONField(default=list, blank=True)

    objects = CallTypeQuerySet.as_manager()

    class Meta:
        ordering = ["-is_onboarding", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_onboarding"], condition=Q(is_onboarding=True), name="signups_calltype_one_onboarding"
            ),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__gte=5), name="signups_calltype_lasts_five_minutes"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def words(self) -> str:
        """The type within a sentence to the patient: `free call`."""
        return "free call" if self.is_onboarding else self.name

    @property
    def noun(self) -> str:
        """The type within a sentence to staff: `onboarding call`."""
        return "onboarding call" if self.is_onboarding else self.name

    @property
    def title(self) -> str:
        """The type as a heading for staff: `Onboarding call`."""
        return f"{self.noun[:1].upper()}{self.noun[1:]}"

    def rules(self, clinic: ClinicOffer) -> CallRules:
        """Return the length, grid and limits of this type."""
        own = {"length": self.minutes, "before": self.minutes_before, "after": self.minutes_after}
        stated: dict[str, Any] = {
            name: dt.timedelta(minutes=minutes) for name, minutes in own.items() if minutes is not None
        }
        return replace(clinic.calls, **stated)

    def all_hosts(self) -> HostQuerySet:
        """Return the hosts of this type, those included who take no calls now."""
        chosen = CallType.hosts.through.objects.filter(calltype=self)
        return Host.objects.filter(Q(pk__in=chosen.values("host")) | ~models.Exists(chosen))


def create_onboarding_type(**kwargs: Any) -> None:
    """Create the free onboarding call where it is missing. Receiver of `post_migrate`."""
    CallType.objects.onboarding()
