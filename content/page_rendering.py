"""A text of the database made ready for its template."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

from content.evidence import citation_formats, markup
from content.evidence import ledger as evidence_ledger
from content.models.articles import Article
from content.models.claims import Claim
from content.models.content_version import ContentVersion
from content.models.profile import ClinicProfile
from content.models.sources import Quotation, Source
from content.models.texts import LegalText

from .structured_data import plain

WORDS_A_MINUTE = 200  # of a text one reads with care; Brysbaert 2019 found 238 for English non-fiction
MAX_CACHED_PAGES = 64  # kept in memory; there are fewer


@dataclass(frozen=True)
class PageEvidence:
    """What stands behind a statement: `randomized trial in people, n = 73`, and the day we last checked."""

    line: str
    detail: str = ""
    checked_on: dt.date | None = None


WORDING = PageEvidence("exact words, compared with the source")


@dataclass(frozen=True)
class ClaimUse:
    """Places that cite one source for statements with the same evidence: (letter, anchor) of each, and one such
    statement's evidence after the other."""

    places: list[tuple[str, str]]
    evidence: tuple[PageEvidence, ...]


@dataclass(frozen=True)
class CitedSource:
    note: markup.Note
    source: Source
    uses: list[ClaimUse]


@dataclass(frozen=True)
class Page:
    """`title` and `summary` with placeholders filled; `quotations` and `claims` by key; `sources` in the order of their
    numbers; `places` by anchor, in the order of the text; `minutes` to read it."""

    title: str
    summary: str
    sections: list[markup.Section]
    quotations: Mapping[str, Quotation]
    claims: Mapping[str, Claim]
    sources: list[CitedSource]
    places: Mapping[str, markup.Place]
    minutes: int

    @property
    def questions(self) -> list[tuple[str, str]]:
        """Each question of the page with its answer as HTML."""
        blocks = [block for section in self.sections for block in section.blocks]
        return [(block.argument, block.html) for block in blocks if block.kind == "question"]

    def statements(self, url: str) -> list[dict[str, Any]]:
        """Each claim of the page, shown at `url`: what it says, what it rests on and where it stands."""
        return [
            {
                "id": claim.key,
                "statement": claim.text,
                "evidence": claim.get_evidence_type_display(),
                "people": claim.sample_size,
                "detail": claim.detail,
                "confidence": claim.confidence,
                "checked": claim.checked_on,
                "reviewBy": claim.review_by,
                "sources": [citation_formats.csl_item(source) for source in claim.sources.all()],
                "places": [f"{url}#{place.anchor}" for place in self.places.values() if claim.key in place.claims],
            }
            for claim in self.claims.values()
        ]


def ledger() -> evidence_ledger.Ledger:
    """Every source, quotation and claim a text may rest on today: four small queries."""
    return evidence_ledger.Ledger(
        sources=frozenset(Source.objects.values_list("key", flat=True)),
        quotations={quotation.key: quotation.entry for quotation in Quotation.objects.select_related("source")},
        claims={claim.key: claim.entry for claim in Claim.objects.prefetch_related("sources")},
    )


def build_page(*, title: str, summary: str, body: str, profile: ClinicProfile) -> Page:
    """The page; raises `MarkupError` when a text names what does not exist."""
    document = markup.parse(body, ledger=ledger(), values=profile.placeholders)
    sources = {source.key: source for source in Source.objects.filter(key__in=[note.key for note in document.notes])}
    quotations = Quotation.objects.select_related("source").filter(key__in=document.quotation_keys)
    used = Claim.objects.filter(key__in=document.claim_keys).prefetch_related("sources")
    claims = {claim.key: claim for claim in used}
    return Page(
        title=markup.fill(title, profile.placeholders),
        summary=markup.fill(summary, profile.placeholders),
        sections=document.sections,
        quotations={quotation.key: quotation for quotation in quotations},
        claims=claims,
        sources=[CitedSource(note, sources[note.key], _uses(note, document, claims)) for note in document.notes],
        places=document.places,
        minutes=_minutes(document),
    )


def get_pages(*texts: Article | LegalText) -> list[Page]:
    """`texts` made ready, each once in this process for each edition of the content. One query when they are."""
    edition = ContentVersion.current_token()
    return [_cached_page(edition, text.title, text.summary, text.body) for text in texts]


@lru_cache(maxsize=MAX_CACHED_PAGES)
def _cached_page(edition: str | None, title: str, summary: str, body: str) -> Page:
    """Keyed by the words themselves and by the edition, which every change of ledger and profile replaces. What is read
    here is at least as new as its key, so a page is never older than it says."""
    return build_page(title=title, summary=summary, body=body, profile=ClinicProfile.current())


def _uses(note: markup.Note, document: markup.Document, claims: Mapping[str, Claim]) -> list[ClaimUse]:
    places: dict[tuple[PageEvidence, ...], list[tuple[str, str]]] = {}
    for number, anchor in enumerate(note.uses, 1):
        place = document.places[anchor]
        behind = (claims[key] for key in place.claims)
        evidence = dict.fromkeys(PageEvidence(claim.evidence_line, claim.detail, claim.checked_on) for claim in behind)
        stands = (WORDING,) if place.quotation else tuple(evidence)
        places.setdefault(stands, []).append((footnote_letter(number), anchor))
    return [ClaimUse(anchors, evidence) for evidence, anchors in places.items()]


def footnote_letter(number: int) -> str:
    """1 is a, 26 is z, 27 is aa: the uses of a source, as encyclopedias mark them."""
    before, last = divmod(number - 1, 26)
    return (footnote_letter(before) if before else "") + ascii_lowercase[last]


def _minutes(document: markup.Document) -> int:
    words = [plain(block.html).split() for section in document.sections for block in section.blocks]
    return max(1, round(sum(map(len, words)) / WORDS_A_MINUTE))
