"""A text of the database made ready for its template."""

from collections.abc import Mapping
from dataclasses import dataclass

from .evidence import ledger as ledgers
from .evidence import markup
from .models import Claim, ClinicProfile, Quotation, Source


@dataclass(frozen=True)
class CitedSource:
    note: markup.Note
    source: Source


@dataclass(frozen=True)
class Page:
    """`title` and `summary` with placeholders filled; `quotations` by key; `sources` in the order of their numbers."""

    title: str
    summary: str
    sections: list[markup.Section]
    quotations: Mapping[str, Quotation]
    sources: list[CitedSource]


def ledger() -> ledgers.Ledger:
    """Every source, quotation and claim a text may rest on today: four small queries."""
    return ledgers.Ledger(
        sources=frozenset(Source.objects.values_list("key", flat=True)),
        quotations={quotation.key: quotation.entry for quotation in Quotation.objects.select_related("source")},
        claims={claim.key: claim.entry for claim in Claim.objects.prefetch_related("sources")},
    )


def build(*, title: str, summary: str, body: str, profile: ClinicProfile) -> Page:
    """The page; raises `MarkupError` when a text names what does not exist."""
    document = markup.parse(body, ledger=ledger(), values=profile.placeholders)
    sources = {source.key: source for source in Source.objects.filter(key__in=[note.key for note in document.notes])}
    quotations = Quotation.objects.select_related("source").filter(key__in=document.quotation_keys)
    return Page(
        title=markup.fill(title, profile.placeholders),
        summary=markup.fill(summary, profile.placeholders),
        sections=document.sections,
        quotations={quotation.key: quotation for quotation in quotations},
        sources=[CitedSource(note, sources[note.key]) for note in document.notes],
    )
