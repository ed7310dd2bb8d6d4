"""Bulk actions: apply one action to many leads, each in its own transaction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .locking import ActionError
from .models import Lead

MAX_LEADS = 500  # leads per bulk action: bounded by one request and by what one person can review


@dataclass(frozen=True)
class BulkResult:
    """Number of leads done, and the refused ones with the reason as a sentence."""

    done: int
    refused: list[tuple[Lead, str]]


def apply_to_each(chosen: Iterable[Lead], action: Callable[[Lead], None]) -> BulkResult:
    """Call `action` (of `leads/actions.py`) for each lead of `chosen`.

    An ActionError of one lead is collected in the result and does not affect the others.
    """
    done, refused = 0, []
    for lead in chosen:
        try:
            action(lead)
        except ActionError as why:
            refused.append((lead, str(why)))
        else:
            done += 1
    return BulkResult(done, refused)
