from django.db import models


class RateLimitCounter(models.Model):
    """The number of hits in one time window.

    `key` is a keyed hash: no address is stored.
    """

    key = models.CharField(max_length=64)
    window = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="signups_ratelimit_unique_window")]

    def __str__(self) -> str:
        return f"{self.count} since {self.window}"
