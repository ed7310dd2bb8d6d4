"""Whether any worker is alive, and how far behind it is: asked by probes and alerts."""

import datetime as dt
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from signups.callbacks.models import CallbackRequest
from signups.messages.choices import MessageStatus
from signups.messages.models import OutboxMessage

from .heartbeat_models import WorkerHeartbeat

STALE_AFTER = dt.timedelta(minutes=1)  # without a beat: no worker is alive
DELETE_AFTER = dt.timedelta(days=1)
OVERDUE_AFTER = dt.timedelta(minutes=5)  # a message that waits longer than this after its time is an alert


@dataclass(frozen=True)
class QueueBacklog:
    """What waits. Ages in seconds; `worker_silent_for` is None when no worker ever ran here."""

    due_messages: int
    oldest_message: float
    dead_messages: int
    overdue_callbacks: int
    worker_silent_for: float | None


def record_heartbeat(clock: Callable[[], dt.datetime]) -> int:
    """A job of the worker: says that it is alive. Never anything to do at once."""
    now = clock()
    WorkerHeartbeat.objects.update_or_create(
        worker=f"{socket.gethostname()}:{os.getpid()}"[:100], defaults={"seen_at": now}
    )
    WorkerHeartbeat.objects.filter(seen_at__lt=now - DELETE_AFTER).delete()
    return 0


def queue_backlog(now: dt.datetime) -> QueueBacklog:
    """Five small queries, each on an index."""
    due = OutboxMessage.objects.pending().filter(send_at__lte=now)
    oldest = due.order_by("send_at").values_list("send_at", flat=True).first()
    last = WorkerHeartbeat.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    return QueueBacklog(
        due_messages=due.count(),
        oldest_message=(now - oldest).total_seconds() if oldest else 0.0,
        dead_messages=OutboxMessage.objects.filter(status=MessageStatus.FAILED).count(),
        overdue_callbacks=CallbackRequest.objects.open().overdue(now).count(),
        worker_silent_for=(now - last).total_seconds() if last else None,
    )
