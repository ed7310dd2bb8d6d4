"""Size and age of the work queues, read by probes and metrics."""

import datetime as dt
from dataclasses import dataclass

from signups.callbacks.models import CallbackRequest
from signups.messages.choices import MessageStatus
from signups.messages.models import OutboxMessage
from signups.ops.heartbeat_models import WorkerHeartbeat

OVERDUE_AFTER = dt.timedelta(minutes=5)  # a message delayed longer than this raises an alert


@dataclass(frozen=True)
class QueueBacklog:
    """Pending work. Ages are in seconds.

    `worker_silent_for` is None when no worker ever ran here.
    """

    due_messages: int
    oldest_message: float
    dead_messages: int
    overdue_callbacks: int
    worker_silent_for: float | None


def queue_backlog(now: dt.datetime) -> QueueBacklog:
    """Measure the backlog with five small queries, each on an index."""
    due = OutboxMessage.objects.pending().filter(send_at__lte=now)
    oldest = due.order_by("send_at").values_list("send_at", flat=True).first()
    last = WorkerHeartbeat.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    return QueueBacklog(
        due_messages=due.count(),
        oldest_message=(now - oldest).total_seconds() if oldest else 0.0,
        dead_messages=OutboxMessage.objects.filter(status=MessageStatus.FAILED).count(),
        overdue_callbacks=CallbackRequest.objects.open().overdue(now).callable_at(now).count(),
        worker_silent_for=(now - last).total_seconds() if last else None,
    )
