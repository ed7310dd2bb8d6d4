"""A text of the database made ready for its template."""

from collections.abc import Mapping
from dataclasses import dataclass

from .evidence import markup
from .models import ClinicProfile, Quotation, Source


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


def ledger() -> markup.Ledger:
    """Every source and quotation a text may name today."""
    return markup.Ledger(
        sources=frozenset(Source.objects.values_list("key", flat=True)),
        quotations={
            key: (source, checked)
            for key, source, checked in Quotation.objects.values_list("key", "source__key", "wording_checked")
        },
    )


def build(*, title: str, summary: str, body: str, profile: ClinicProfile) -> Page:
    """The page; raises `markup.MarkupError` when a text names what does not exist."""
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
