"""What happened on each day, counted once so that the desk need not count a million rows."""

from django.db import models

from .choices import Metric


class DailyMetric(models.Model):
    """How many of `measure`, of the sort `key`, belong to `day` (the clinic's calendar). Nobody's data is in it."""

    day = models.DateField()
    measure = models.CharField(max_length=20, choices=Metric)
    key = models.CharField(max_length=100, blank=True)
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [models.UniqueConstraint(fields=["day", "measure", "key"], name="signups_one_tally_of_each")]

    def __str__(self) -> str:
        return f"{self.day}: {self.count} {self.get_measure_display()} {self.key}".strip()
