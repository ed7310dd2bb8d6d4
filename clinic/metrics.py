"""Figures of one machine's processes, shared between them through files (prometheus_client's multiprocess mode)."""

import os
import time
from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from signups import heartbeats

from . import figures_room

# isort: split
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

if figures_room.NUMBER is not None:
    values.ValueClass = values.MultiProcessValue(lambda: figures_room.NUMBER)
REQUESTS = Counter("clinic_requests", "Answers, by the view that gave them", ["view", "method", "status"])
SECONDS = Histogram("clinic_request_seconds", "How long Django took to answer", ["view"])
DONE = Counter("clinic_worker_done", "What this machine's workers did, by job: for messages, attempts", ["job"])
FAILED = Counter("clinic_worker_failures", "Runs of a job that broke off or waited", ["job"])
STORED = Counter("clinic_stored_pages", "Answers from the page store")
METHODS = {"GET", "HEAD", "POST"}


def count_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, outermost: counts and times every answer by the view's name, never by its address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        view = match.view_name if match else "none"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(view, method, str(response.status_code)).inc()
        SECONDS.labels(view).observe(time.perf_counter() - started)
        return response

    return middleware


class Backlog(Collector):
    """What waits, read from the database when it is asked for."""

    def collect(self) -> Iterator[Metric]:
        backlog = heartbeats.backlog(timezone.now())
        for name, words, value in (
            ("due_messages", "Messages whose time has come and that are not sent", backlog.due_messages),
            ("oldest_due_message_seconds", "For how long the oldest of them has waited", backlog.oldest_message),
            ("dead_messages", "Messages that were given up", backlog.dead_messages),
            ("overdue_callbacks", "People who wait for a call longer than promised", backlog.overdue_callbacks),
            ("worker_silent_seconds", "Since a worker last said that it is alive", backlog.worker_silent_for),
        ):
            if value is not None:
                yield GaugeMetricFamily(f"clinic_{name}", words, value)


def exposition() -> tuple[bytes, str]:
    """(text, content type) of all processes of this machine; of this one alone when it began on a full disk."""
    registry = CollectorRegistry()
    registry.register(Backlog())
    if figures_room.FOLDER in os.environ:
        MultiProcessCollector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST
    return generate_latest(REGISTRY) + generate_latest(registry), CONTENT_TYPE_LATEST
