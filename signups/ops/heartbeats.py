"""Whether any worker is alive, and how far behind it is: asked by probes and alerts."""

import datetime as dt
import os
import socket
from collections.abc import Callable

from .heartbeat_models import WorkerHeartbeat

STALE_AFTER = dt.timedelta(minutes=1)  # without a beat: no worker is alive
DELETE_AFTER = dt.timedelta(days=1)


def record_heartbeat(clock: Callable[[], dt.datetime]) -> int:
    """A job of the worker: says that it is alive. Never anything to do at once."""
    now = clock()
    WorkerHeartbeat.objects.update_or_create(
        worker=f"{socket.gethostname()}:{os.getpid()}"[:100], defaults={"seen_at": now}
    )
    WorkerHeartbeat.objects.filter(seen_at__lt=now - DELETE_AFTER).delete()
    return 0
