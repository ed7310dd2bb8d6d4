"""Row counts, exact up to a limit and estimated above it."""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

EXACT_LIMIT = 10_000  # rows


@dataclass(frozen=True)
class RowCount:
    """A number of rows, exact or estimated."""

    number: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"about {self.number:,}"


def count_rows(queryset: QuerySet[Any]) -> RowCount:
    """Count exactly up to EXACT_LIMIT rows, else return PostgreSQL's estimate.

    The estimate is rounded to two digits. SQLite always counts.
    """
    queryset = queryset.order_by().values("pk")
    if connection.vendor != "postgresql":
        return RowCount(queryset.count())
    plan = queryset.explain(format="json")
    if not plan:  # Django asks nothing when it knows that there are none, as with `pk__in=[]`
        return RowCount(0)
    estimate = json.loads(plan)[0]["Plan"]["Plan Rows"]
    # The planner can overestimate a small table, so an estimate just above the limit is checked.
    if estimate <= 2 * EXACT_LIMIT:
        number = queryset[: EXACT_LIMIT + 1].count()
        if number <= EXACT_LIMIT:
            return RowCount(number)
    return RowCount(_two_digits(max(estimate, EXACT_LIMIT)), exact=False)


def _two_digits(number: int) -> int:
    return int(float(f"{number:.1e}"))
