"""Says in the log which statement took too long: its text with placeholders, never the values."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)


def watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """A receiver of `connection_created`."""
    if settings.SLOW_QUERY_MS and time_it not in connection.execute_wrappers:
        connection.execute_wrappers.append(time_it)


def time_it(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        took = (time.perf_counter() - started) * 1000
        if took >= settings.SLOW_QUERY_MS:
            logger.warning("slow query, %d ms: %s", took, sql[:500])
