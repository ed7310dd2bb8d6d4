"""How many rows there are, without reading a million of them to say so."""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

EXACT_LIMIT = 10_000  # up to here we count


@dataclass(frozen=True)
class RowCount:
    number: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"about {self.number:,}"


def count_rows(queryset: QuerySet[Any]) -> RowCount:
    """Exact up to EXACT rows, and beyond it PostgreSQL's own estimate, to two digits. SQLite, being small, counts."""
    queryset = queryset.order_by().values("pk")
    if connection.vendor != "postgresql":
        return RowCount(queryset.count())
    estimate = json.loads(queryset.explain(format="json"))[0]["Plan"]["Plan Rows"]
    # An estimate can be far off below: one that is just above the bound may hide a handful of rows.
    if estimate <= 2 * EXACT_LIMIT:
        number = queryset[: EXACT_LIMIT + 1].count()
        if number <= EXACT_LIMIT:
            return RowCount(number)
    return RowCount(_round(max(estimate, EXACT_LIMIT)), exact=False)


def _round(number: int) -> int:
    return int(float(f"{number:.1e}"))
