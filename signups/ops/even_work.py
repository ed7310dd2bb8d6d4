"""As many queries whatever is known of somebody: how long an answer takes must not tell who is with us."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def as_many_queries(count: int, read: Callable[[], object]) -> Iterator[None]:
    """Bring the queries of the block up to `count`, with `read`: one query that finds nothing."""
    asked = 0

    def counted(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*args)

    with connection.execute_wrapper(counted):
        yield
    for _ in range(count - asked):
        read()
