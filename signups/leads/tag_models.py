"""Tags of leads, chosen from a list that the Head maintains.

There are no free-text tags: staff cannot write arbitrary words about a person.
"""

from typing import Any, ClassVar, Self

from django.db import models

from .models import Lead


class Tag(models.Model):
    name = models.CharField(max_length=40, unique=True, help_text="Don’t include health information.")
    is_active = models.BooleanField("Active", default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LeadTagQuerySet(models.QuerySet["LeadTag"]):
    def named(self) -> Self:
        """Taggings with their tag, ordered by its name; without those of erased leads."""
        return self.exclude(tag=None).select_related("tag").order_by("tag__name")


class LeadTag(models.Model):
    """`lead` has `tag`; erasing the lead sets `tag` to None."""

    PII_FIELDS: ClassVar[dict[str, Any]] = {"tag": None}

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="taggings")
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, null=True, related_name="taggings")

    objects = LeadTagQuerySet.as_manager()

    class Meta:
        ordering = ["tag__name"]
        verbose_name_plural = "tags"
        constraints = [models.UniqueConstraint(fields=["lead", "tag"], name="signups_leadtag_unique")]

    def __str__(self) -> str:
        return str(self.tag or "(erased)")
