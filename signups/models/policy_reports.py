import datetime as dt

from django.db import models
from django.db.models import F


class PolicyReportQuerySet(models.QuerySet["PolicyReport"]):
    def count_one(self, day: dt.date, directive: str, page: str) -> None:
        report, _ = self.get_or_create(day=day, directive=directive, page=page[:60])
        self.filter(pk=report.pk).update(count=F("count") + 1)


class PolicyReport(models.Model):
    """How often, on one day, browsers said that a kind of page broke one directive of the content policy."""

    day = models.DateField()
    directive = models.CharField(max_length=30)
    page = models.CharField(max_length=60)
    count = models.PositiveIntegerField(default=0)

    objects = PolicyReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "directive", "page"], name="signups_one_count_per_report")
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.directive} on {self.page}, {self.day}"
