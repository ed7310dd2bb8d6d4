"""Daily rollup, so that the desk need not aggregate a million rows."""

from django.db import models

from .choices import Metric


class DailyMetric(models.Model):
    """The `value` of `metric` for `dimension` on `day` (the clinic's calendar).

    Holds no personal data.
    """

    day = models.DateField()
    metric = models.CharField(max_length=20, choices=Metric)
    dimension = models.CharField(max_length=100, blank=True)
    value = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "daily metrics"
        constraints = [
            models.UniqueConstraint(fields=["day", "metric", "dimension"], name="signups_dailymetric_unique")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.value} {self.get_metric_display()} {self.dimension}".strip()
