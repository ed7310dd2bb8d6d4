"""Heartbeats of workers, read by probes and alerts."""

import datetime as dt
import os
import socket
from collections.abc import Callable

from .heartbeat_models import WorkerHeartbeat

STALE_AFTER = dt.timedelta(minutes=1)  # a worker without a heartbeat for this long counts as dead
DELETE_AFTER = dt.timedelta(days=1)


def record_heartbeat(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: record that this worker is alive. Returns 0: never more to do."""
    now = clock()
    WorkerHeartbeat.objects.update_or_create(
        worker=f"{socket.gethostname()}:{os.getpid()}"[:100], defaults={"seen_at": now}
    )
    WorkerHeartbeat.objects.filter(seen_at__lt=now - DELETE_AFTER).delete()
    return 0
