"""One deed for many leads: each by its own rules, in its own transaction: one refusal keeps back no other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from signups.models import Lead

from .leads import Refused

MOST = 500  # leads in one go: what one request can do, and one person look over


@dataclass(frozen=True)
class Outcome:
    """How many it was done for, and the others, each with the reason in words."""

    done: int
    refused: list[tuple[Lead, str]]


def each(chosen: Iterable[Lead], deed: Callable[[Lead], None]) -> Outcome:
    """Does `deed`, a verb of `actions/leads.py`, for every lead of `chosen` that its rules allow."""
    done, refused = 0, []
    for lead in chosen:
        try:
            deed(lead)
        except Refused as why:
            refused.append((lead, str(why)))
        else:
            done += 1
    return Outcome(done, refused)
