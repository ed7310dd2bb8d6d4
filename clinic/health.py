"""Liveness and readiness probes, and Prometheus metrics."""

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

from content import public_pages
from content.models.content_version import ContentVersion
from signups.ops import heartbeats, rate_limit
from signups.reports import queue_backlog

_rendered_version: list[str | None] = []  # the content version of which every public page was last rendered


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """Liveness probe: return 200 while the process serves requests."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Readiness probe: 503 without the database or with unapplied migrations.

    A silent worker or overdue messages are named in the body of a 200: they are no reason to take a web server out
    of rotation, because visitors can read and sign up without a worker.
    """
    try:
        if not _is_migrated():
            return _plain_response("the database waits for `manage.py migrate`", status=503)
        broken = _broken_pages(ContentVersion.current_token())
        backlog = queue_backlog.queue_backlog(timezone.now())
    except Error:
        return _plain_response("the database does not answer", status=503)
    if "/" in broken:
        return _plain_response(f"public pages cannot be rendered: {', '.join(broken)}", status=503)
    silence = backlog.worker_silent_for
    warnings = [
        f"public pages cannot be rendered: {', '.join(broken)}" if broken else "",
        "no worker is alive" if silence is None or silence > heartbeats.STALE_AFTER.total_seconds() else "",
        "messages wait for long" if backlog.oldest_message > queue_backlog.OVERDUE_AFTER.total_seconds() else "",
    ]
    return _plain_response("; ".join(filter(None, warnings)) or "ok")


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Serve Prometheus metrics to METRICS_ALLOWED_NETWORKS; 404 for others."""
    from . import metrics as clinic_metrics  # takes 60 ms, so only this view imports it

    try:
        client = ip_address(rate_limit.client_ip(request))
    except ValueError:
        raise Http404 from None
    if not any(client in network for network in settings.METRICS_ALLOWED_NETWORKS):
        raise Http404
    body, content_type = clinic_metrics.render_metrics()
    return HttpResponse(body, content_type=content_type)


def _plain_response(text: str, **options: Any) -> HttpResponse:
    return HttpResponse(f"{text}\n", content_type="text/plain; charset=utf-8", **options)


def _broken_pages(content_version: str | None) -> list[str]:
    """Return the paths of the public pages that fail; asked once for each content version that has none."""
    if content_version and _rendered_version[:] != [content_version]:
        if broken := list(public_pages.failures()):
            return broken
        _rendered_version[:] = [content_version]
    return []


def _is_migrated() -> bool:
    """Return whether every migration is applied. Raises `django.db.Error`.

    Only a positive answer is cached.
    """
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
