"""Selection of the host of a call when the invitee has no preference."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Candidate:
    """A free host.

    `load` is the number of upcoming calls and of those of the last 14 days; `weight` is the host's fair share of calls,
    relative to the other hosts.
    """

    id: int | str
    load: int
    weight: int
    last_assigned_at: dt.datetime | None


def least_loaded(candidates: Iterable[Candidate]) -> int | str:
    """Return the id of the candidate with the lowest load per weight.

    Ties: the oldest assignment (never assigned first), then the lowest id. Raises ValueError when there are no
    candidates.
    """
    return min(
        candidates, key=lambda host: (Fraction(host.load, host.weight), host.last_assigned_at or NEVER, host.id)
    ).id
