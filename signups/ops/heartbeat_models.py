from django.db import models


class WorkerHeartbeat(models.Model):
    """When a worker was last alive: one row for each, named after its machine and process."""

    worker = models.CharField(max_length=100, unique=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.worker
