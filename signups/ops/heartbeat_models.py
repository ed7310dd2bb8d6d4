from django.db import models


class WorkerHeartbeat(models.Model):
    """The last heartbeat of a worker: one row per worker, named `host:pid`."""

    worker = models.CharField(max_length=100, unique=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.worker
