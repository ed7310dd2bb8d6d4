"""Who takes a call when any host will do."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Candidate:
    """A free host. `load`: calls to come and those of the last 14 days; `weight`: how many of them are a fair share."""

    id: int | str
    load: int
    weight: int
    last_assigned_at: dt.datetime | None


def least_loaded(candidates: Iterable[Candidate]) -> int | str:
    """The id of the least laden for their weight, then of who was assigned longest ago (never first), then the least.

    Raises ValueError when there is nobody.
    """
    return min(candidates, key=lambda one: (Fraction(one.load, one.weight), one.last_assigned_at or NEVER, one.id)).id
