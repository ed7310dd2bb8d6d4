"""Claims: factual statements with their evidence."""

import datetime as dt
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models

from content.evidence import ledger, markup

from .sources import Source


def validate_claim_key(key: str) -> None:
    """Reject the reserved keys of exemptions."""
    if key in markup.EXEMPT:
        raise ValidationError(f"“{key}” has a meaning of its own in texts.")


def validate_topics(topics: object) -> None:
    """Accept a list of values of `Topic`."""
    if not isinstance(topics, list) or not all(topic in ledger.Topic.values for topic in topics):
        raise ValidationError(f"Topics are a list of some of {', '.join(ledger.Topic.values)}.")


class ClaimQuerySet(models.QuerySet["Claim"]):
    def unchecked(self) -> Self:
        """Return claims that nobody has held against their sources as they read now."""
        return self.filter(checked_on=None)

    def overdue(self, today: dt.date) -> Self:
        """Return claims whose review was due before `today`.

        The rule counts calendar months, so each claim is checked in Python.
        """
        return self.filter(
            pk__in=[
                claim.pk
                for claim in self.model.objects.prefetch_related("sources")
                if claim.review_by and claim.review_by < today
            ]
        )


class Claim(models.Model):
    """One statement with at least one source; sentences refer to it as `[^key]`."""

    key = models.SlugField(unique=True, validators=[validate_claim_key], help_text="Sentences carry it by [^key].")
    text = models.TextField(
        max_length=600,
        help_text="Keep the source’s hedging (“may”, “usually”, “suggests”): “may”, “usually”, “suggests”.",
    )
    sources = models.ManyToManyField(Source, related_name="claims")
    detail = models.CharField(max_length=200, blank=True, help_text="What a reader should know of the evidence.")
    topics = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_topics],
        help_text=f"A list of some of {', '.join(ledger.Topic.values)}; a page with the first needs all.",
    )
    confidence = models.CharField(max_length=6, choices=ledger.Confidence)
    checked_on = models.DateField(null=True, blank=True, editable=False)
    checked_by = models.CharField(max_length=150, blank=True, editable=False, help_text="Name, as pages print it.")

    objects = ClaimQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        permissions = [("check_claim", "Can state that a claim or quotation agrees with its sources")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(checked_on=None, checked_by="")
                | models.Q(checked_on__isnull=False) & ~models.Q(checked_by=""),
                name="content_claim_check_has_person",
            )
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.text}"

    @property
    def evidence(self) -> list[Source]:
        """Return the sources, weakest evidence first; prefetch them for many claims."""
        return ledger.weakest_first(self.sources.all())

    @property
    def review_by(self) -> dt.date | None:
        """Day the review is due: 6 months after the check for authorities, else 12; None before the first check."""
        if self.checked_on is None:
            return None
        return ledger.review_by((source.evidence_type for source in self.sources.all()), self.checked_on)

    @property
    def entry(self) -> ledger.LedgerClaim:
        """Return the ledger's entry; reads the sources, so prefetch them for many claims."""
        sources = tuple(source.key for source in self.sources.all())
        return ledger.LedgerClaim(self.key, self.text, sources, self.checked_on, tuple(self.topics))
