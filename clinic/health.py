"""Probes for whoever starts and watches the processes, and figures for whoever draws curves of them."""

from functools import cache
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from signups.ops import heartbeats, rate_limit
from signups.reports import queue_backlog


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Whether this process can serve: 503 without its database or its migrations.

    What waits for a worker is told too, but no reason to take a web machine out: people can still read and sign up.
    """
    try:
        if not _is_migrated():
            return _plain_response("the database waits for `manage.py migrate`", status=503)
        backlog = queue_backlog.queue_backlog(timezone.now())
    except Error:
        return _plain_response("the database does not answer", status=503)
    silent = backlog.worker_silent_for
    troubles = [
        "no worker is alive" if silent is None or silent > heartbeats.STALE_AFTER.total_seconds() else "",
        "messages wait for long" if backlog.oldest_message > queue_backlog.OVERDUE_AFTER.total_seconds() else "",
    ]
    return _plain_response("; ".join(trouble for trouble in troubles if trouble) or "ok")


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Serve Prometheus text to the networks of settings.METRICS_ALLOWED_NETWORKS; 404 for everybody else."""
    from . import metrics as clinic_metrics  # 60 ms: only where it is asked for

    try:
        asking = ip_address(rate_limit.client_ip(request))
    except ValueError:
        raise Http404 from None
    if not any(asking in network for network in settings.METRICS_ALLOWED_NETWORKS):
        raise Http404
    body, content_type = clinic_metrics.render_metrics()
    return HttpResponse(body, content_type=content_type)


def _plain_response(words: str, **options: Any) -> HttpResponse:
    return HttpResponse(f"{words}\n", content_type="text/plain", **options)


def _is_migrated() -> bool:
    """Every migration of this code was applied. Once true it stays true for this process; until then it is asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if not _migrated_once():
        _migrated_once.cache_clear()
        return False
    return True


@cache
def _migrated_once() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
