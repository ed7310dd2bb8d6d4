"""Clinic profile: name, phone, opening hours and offer."""

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from clinic.lib.opening_hours import describe_hours
from clinic.lib.phone_numbers import dialable_number
from content.validators import validate_opening_hours, validate_states, validate_time_zone

FORM_UNSTATED = "ask us before you decide"
PRICE_UNSTATED = (
    "We do not publish prices yet. Before you decide anything, ask us what care costs after the trial. "
    "We’ll tell you in writing."
)


def care_fact(label: str, help_text: str) -> models.TextField:
    """A fact about care after the trial: the landing page says it when filled in, and nothing when empty."""
    return models.TextField(label, max_length=600, blank=True, help_text=help_text)


class ClinicProfile(models.Model):
    """The clinic's facts: one row (`pk=1`, by constraint), edited in the admin."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=80)
    phone = models.CharField(
        max_length=40, blank=True, help_text="Shown as typed. Valid numbers become a clickable link."
    )
    phone_region = models.CharField(max_length=2, default="US", help_text="Default country for phone numbers.")
    mailbox = models.EmailField(help_text="Patients' replies arrive here; invitations and messages come from here.")
    postal_address = models.TextField(max_length=400, blank=True)
    time_zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_time_zone])
    opening_hours = models.JSONField(
        default=list,
        validators=[validate_opening_hours],
        help_text='A list of {"weekday": 0–6 (0 = Monday), "start": "09:00", "end": "17:00"}, in the clinic’s zone.',
    )
    trial_days = models.PositiveSmallIntegerField(default=7, validators=[MinValueValidator(1), MaxValueValidator(90)])
    guarantee_days = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    call_minutes = models.PositiveSmallIntegerField(
        "length of a call", default=30, validators=[MinValueValidator(5), MaxValueValidator(240)], help_text="Minutes."
    )
    call_step_minutes = models.PositiveSmallIntegerField(
        "calls begin every",
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(240)],
        help_text="Minutes, counted from the start of each of a host’s windows.",
    )
    call_minutes_before = models.PositiveSmallIntegerField(
        "Buffer before", default=0, validators=[MaxValueValidator(240)], help_text="Minutes."
    )
    call_minutes_after = models.PositiveSmallIntegerField(
        "Buffer after", default=0, validators=[MaxValueValidator(240)], help_text="Minutes."
    )
    call_notice_minutes = models.PositiveSmallIntegerField(
        "notice before a call",
        default=240,
        validators=[MaxValueValidator(10_080)],
        help_text="Minimum notice in minutes.",
    )
    call_horizon_days = models.PositiveSmallIntegerField(
        "calls can be booked for",
        default=28,
        validators=[MinValueValidator(1), MaxValueValidator(180)],
        help_text="Days ahead.",
    )
    call_daily_limit = models.PositiveSmallIntegerField(
        "Max calls per host per day", null=True, blank=True, help_text="Empty: no limit. A host may have their own."
    )
    callback_minutes = models.PositiveSmallIntegerField(
        default=240,
        validators=[MinValueValidator(15), MaxValueValidator(2400)],
        help_text="Callback target: we call back within this many business minutes.",
    )
    states = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_states],
        help_text='Where the clinic works: a list of postal codes of states, such as ["NY", "NJ"]. Empty: everywhere.',
    )
    ketamine_form = models.CharField(
        "how the clinic gives ketamine",
        max_length=120,
        blank=True,
        help_text="Such as “as an infusion into a vein, in the clinic”. Pages say it beside what was seen in trials.",
    )
    evaluation = care_fact("how a clinician evaluates patients", "When, how and by whom, and what it costs.")
    prescribers = care_fact("who prescribes", "Names with degree and license, such as “Dr. Ana Lee, MD, New York”.")
    monitoring = care_fact("how patients are monitored", "Before, during and after a dose.")
    exclusions = care_fact("who should not have ketamine", "The main reasons, in plain words.")
    price = care_fact("price of care after the trial", "Per month or per visit, and what it includes.")
    insurance = care_fact("insurance, HSA and FSA", "What is accepted, and who files claims.")
    crisis_name = models.CharField(max_length=80)
    crisis_phone = models.CharField(max_length=20)
    crisis_text = models.TextField(max_length=400)
    emergency_phone = models.CharField(max_length=20)

    class Meta:
        verbose_name = "clinic profile"
        verbose_name_plural = "clinic profile"
        permissions = [("confirm_clinicprofile", "Can confirm what somebody else proposed to say of the clinic")]
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="content_clinicprofile_singleton"),
            models.CheckConstraint(
                condition=models.Q(call_minutes__gt=0, call_step_minutes__gt=0),
                name="content_clinicprofile_call_minutes",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "ClinicProfile":
        """Return the profile. Raises DoesNotExist before `manage.py load_content`."""
        return cls.objects.get(pk=1)

    @property
    def phone_e164(self) -> str:
        """Phone number as `+15551234567`; empty if not dialable, then shown without link."""
        return dialable_number(self.phone, self.phone_region)

    @property
    def opening_hours_text(self) -> str:
        """Opening hours in words; empty without any."""
        return describe_hours(self.opening_hours, self.time_zone)

    @property
    def care_steps(self) -> list[tuple[str, str]]:
        """What happens after the trial, in order, as far as the clinic has said it: (title, text)."""
        steps = [
            ("A clinician evaluates you", self.evaluation),
            ("Who prescribes", self.prescribers),
            ("How we give ketamine", self.ketamine_form),
            ("How we monitor you", self.monitoring),
        ]
        return [(title, text) for title, text in steps if text]

    @property
    def care_facts(self) -> list[tuple[str, str]]:
        """What people want to know before they decide, as far as the clinic has said it: (title, text)."""
        facts = [
            ("Who should not have it", self.exclusions),
            ("Insurance, HSA, and FSA", self.insurance),
        ]
        return [(title, text) for title, text in facts if text]

    @property
    def unsaid_care_facts(self) -> list[str]:
        """Labels of the facts about care that are still empty."""
        names = ("evaluation", "prescribers", "ketamine_form", "monitoring", "exclusions", "price", "insurance")
        labels = {field.name: str(field.verbose_name) for field in self._meta.fields}
        return [labels[name] for name in names if not getattr(self, name)]

    @property
    def placeholders(self) -> dict[str, str]:
        """Values of the placeholders `{name}` in texts."""
        return {
            "clinic": self.name,
            "phone": self.phone,
            "mailbox": self.mailbox,
            "opening_hours": self.opening_hours_text,
            "trial_days": str(self.trial_days),
            "guarantee_days": str(self.guarantee_days),
            "ketamine_form": self.ketamine_form or FORM_UNSTATED,
            "price": self.price or PRICE_UNSTATED,
            "retention_unconfirmed_days": str(settings.RETENTION_UNCONFIRMED_DAYS),
            "retention_export_days": str(settings.RETENTION_DATA_EXPORT_DAYS),
            "retention_message_days": str(settings.RETENTION_MESSAGE_BODY_DAYS),
            "retention_lead_years": f"{settings.RETENTION_LEAD_DAYS / 365.25:.1f}".removesuffix(".0"),
            "crisis_name": self.crisis_name,
            "crisis_phone": self.crisis_phone,
        }


class ProposalQuerySet(models.QuerySet["ProfileProposal"]):
    def undecided(self) -> Self:
        return self.filter(decided_at=None)


class ProfileProposal(models.Model):
    """Values for the profile, by field, that an editor proposed and nobody else has confirmed yet."""

    values = models.JSONField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    was_confirmed = models.BooleanField(default=False)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(was_confirmed=False)
                | models.Q(decided_at__isnull=False) & ~models.Q(decided_by=models.F("proposed_by")),
                name="content_profileproposal_two_people",
            )
        ]

    def __str__(self) -> str:
        return f"Proposal {self.pk}: {', '.join(sorted(self.values))}"
