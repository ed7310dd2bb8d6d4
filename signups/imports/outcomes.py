"""Outcome of each row of an import, as it is stored, listed and downloaded. No personal data."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from signups.leads.models import Lead

from .choices import RowOutcome
from .models import ImportChunk, ImportJob

LISTED_ROWS = 50  # of each outcome on the page


@dataclass(slots=True)
class RowResult:
    """How one row ended.

    `lead` is the key of the lead it created or met, `same_row` the earlier row it met in a check, `filled` the fields
    that it filled in that lead, `why` the reason of a rejection.
    """

    number: int
    outcome: RowOutcome
    lead: int | None = None
    same_row: int | None = None
    why: str = ""
    notes: list[str] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)

    def to_json(self) -> list[Any]:
        return [self.number, self.outcome.value, self.lead, self.same_row, self.why, self.notes, self.filled]

    @classmethod
    def from_json(cls, stored: list[Any]) -> "RowResult":
        number, outcome, *rest = stored
        return cls(number, RowOutcome(outcome), *rest)


def results(job: ImportJob) -> list[RowResult]:
    """Return the outcome of every row that has one, in the order of the file."""
    parts = job.parts.values_list("outcomes", flat=True)
    return sorted((RowResult.from_json(one) for part in parts for one in part), key=lambda result: result.number)


@dataclass(frozen=True)
class OutcomeList:
    """The first rows of one outcome, each with its lead if that is live, and how many there are."""

    label: str
    total: int
    rows: list[tuple[RowResult, Lead | None]]


def outcome_lists(job: ImportJob) -> list[OutcomeList]:
    """Return what the page lists: rows that were updated, met somebody known, were rejected or have notes."""
    found = results(job)
    groups = [
        ("Updated", [one for one in found if one.outcome == RowOutcome.UPDATED]),
        ("Duplicates", [one for one in found if one.outcome == RowOutcome.DUPLICATE]),
        ("Rejected", [one for one in found if one.outcome == RowOutcome.REJECTED]),
        ("With a note", [one for one in found if one.notes]),
    ]
    keys = {one.lead for _, group in groups for one in group[:LISTED_ROWS] if one.lead}
    leads = Lead.objects.live().in_bulk(keys)
    return [
        OutcomeList(label, len(group), [(one, leads.get(one.lead or 0)) for one in group[:LISTED_ROWS]])
        for label, group in groups
        if group
    ]


def result_table(job: ImportJob) -> Iterator[list[str]]:
    """Yield (row, outcome, reason or whom it met, notes, cells while they are stored) for every row."""
    cells: dict[int, list[str]] = {}
    for rows in ImportChunk.objects.filter(import_job=job).values_list("rows", flat=True):
        cells |= dict(rows)
    found = results(job)
    names: dict[int, str] = {}
    keys = [one.lead for one in found if one.lead and one.outcome in (RowOutcome.UPDATED, RowOutcome.DUPLICATE)]
    for start in range(0, len(keys), 1000):
        names |= dict(Lead.objects.live().filter(pk__in=keys[start : start + 1000]).values_list("pk", "name"))
    for one in found:
        whom = f"Same person as {names[one.lead]}." if one.lead in names else ""
        row = f"Same person as in row {one.same_row}." if one.same_row else ""
        filled = f"Filled: {', '.join(one.filled)}." if one.filled else ""
        why = " ".join(filter(None, (one.why, whom, row, filled)))
        yield [str(one.number), one.outcome.label, why, " ".join(one.notes), *cells.get(one.number, [])]
