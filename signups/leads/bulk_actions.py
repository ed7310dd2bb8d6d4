"""One deed for many leads: each by its own rules, in its own transaction: one refusal keeps back no other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .locking import ActionError
from .models import Lead

MAX_LEADS = 500  # leads in one go: what one request can do, and one person look over


@dataclass(frozen=True)
class BulkResult:
    """How many it was done for, and the others, each with the reason in words."""

    done: int
    refused: list[tuple[Lead, str]]


def apply_to_each(chosen: Iterable[Lead], deed: Callable[[Lead], None]) -> BulkResult:
    """Does `deed`, a verb of `actions/leads.py`, for every lead of `chosen` that its rules allow."""
    done, refused = 0, []
    for lead in chosen:
        try:
            deed(lead)
        except ActionError as why:
            refused.append((lead, str(why)))
        else:
            done += 1
    return BulkResult(done, refused)
