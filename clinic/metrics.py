"""Prometheus gauges of the queues. Request counts and times are in nginx's log."""

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from signups.ops import honeypot
from signups.reports import queue_backlog


class BacklogCollector(Collector):
    """Queue gauges, read at each scrape: every process returns the same."""

    def collect(self) -> Iterator[Metric]:
        backlog = queue_backlog.queue_backlog(timezone.now())
        for name, description, value in (
            ("due_messages", "Messages whose time has come and that are not sent", backlog.due_messages),
            ("oldest_due_message_seconds", "For how long the oldest of them has waited", backlog.oldest_message),
            ("dead_messages", "Messages that were given up", backlog.dead_messages),
            ("overdue_callbacks", "People who wait for a call longer than promised", backlog.overdue_callbacks),
            ("worker_silent_seconds", "Since a worker last said that it is alive", backlog.worker_silent_for),
            ("honeypot_hits", "Forms with a filled trap, yesterday and today", honeypot.count_hits()),
        ):
            if value is not None:
                yield GaugeMetricFamily(f"clinic_{name}", description, value)


def render_metrics() -> tuple[bytes, str]:
    """Return the metrics in Prometheus text format, and its content type."""
    registry = CollectorRegistry()
    registry.register(BacklogCollector())
    return generate_latest(registry), CONTENT_TYPE_LATEST
