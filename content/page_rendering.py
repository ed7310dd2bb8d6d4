"""Page rendering: a stored text as the data that its template shows."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from string import ascii_lowercase
from typing import Any

import nh3

from content.evidence import citation_formats, markup
from content.evidence import ledger as evidence_ledger
from content.models.articles import Article
from content.models.claims import Claim
from content.models.people import Person
from content.models.profile import ClinicProfile
from content.models.snapshots import PageSnapshot
from content.models.sources import Quotation, Source
from content.models.texts import CrisisText, LegalText

from . import snapshots

WORDS_A_MINUTE = 200  # for careful reading; Brysbaert 2019 measured 238 for English non-fiction
MAX_CACHED_PAGES = 64  # more than the site has


WORDING = "quoted word for word"


@dataclass(frozen=True)
class PageEvidence:
    """Evidence of one claim: `randomized trial, 73 people`, and who last held it against the source."""

    line: str
    detail: str = ""
    checked_on: dt.date | None = None
    checked_by: str = ""


@dataclass(frozen=True)
class ClaimUse:
    """Places that cite one source with the same evidence.

    `places` are (letter, anchor); `evidence` is that of each claim.
    """

    places: list[tuple[str, str]]
    evidence: tuple[PageEvidence, ...]


@dataclass(frozen=True)
class CitedSource:
    """A source with its note number and the places that cite it."""

    note: markup.Note
    source: Source
    uses: list[ClaimUse]


@dataclass(frozen=True)
class Page:
    """A page ready for its template, with placeholders filled.

    `quotations` and `claims` are by key, `sources` in the order of their numbers, `places` by anchor in the order of
    the text; `minutes` is the reading time. `clinic`, `author` and `team` are as they were when the page was signed.
    """

    title: str
    summary: str
    description: str
    sections: list[markup.Section]
    quotations: Mapping[str, Quotation]
    claims: Mapping[str, Claim]
    sources: list[CitedSource]
    places: Mapping[str, markup.Place]
    minutes: int
    clinic: ClinicProfile
    author: Person | None
    team: tuple[Person, ...]

    @property
    def checked_between(self) -> str:
        """One sentence about who checked the facts and when; "" while one was not checked, or a source is doubtful."""
        days = [row.checked_on for row in self._checkable]
        checked = [day for day in days if day]
        if not checked or len(checked) < len(days) or any(each.source.status == "recheck" for each in self.sources):
            return ""
        first, last = (f"{day:%B} {day.day}, {day.year}" for day in (min(checked), max(checked)))
        when = f"on {first}" if first == last else f"from {first} to {last}"
        return f"Checked against the sources by {' and '.join(self.checked_by)} {when}."

    @property
    def checked_by(self) -> list[str]:
        """Names of those who checked a claim or quotation of the page."""
        return sorted({row.checked_by for row in self._checkable if row.checked_on})

    @property
    def _checkable(self) -> list[Claim | Quotation]:
        return [*self.claims.values(), *self.quotations.values()]

    @property
    def lead_sections(self) -> list[markup.Section]:
        """The sections that come before the list of contents: the introduction, and “In short” where there is one."""
        return self.sections[: self._lead_count]

    @property
    def other_sections(self) -> list[markup.Section]:
        return self.sections[self._lead_count :]

    @property
    def _lead_count(self) -> int:
        return next((n for n, section in enumerate(self.sections, 1) if section.slug == "in-short"), 0) or sum(
            not section.heading for section in self.sections[:1]
        )

    @property
    def questions(self) -> list[tuple[str, str]]:
        """Return (question, answer as HTML) of each question block."""
        blocks = [block for section in self.sections for block in section.blocks]
        return [(block.argument, block.html) for block in blocks if block.kind == "question"]

    def statements(self, url: str) -> list[dict[str, Any]]:
        """Return each claim with its evidence, sources and places, for `claims.json`.

        `url` is the address of the page.
        """
        return [
            {
                "id": claim.key,
                "statement": claim.text,
                "evidence": claim.evidence[0].get_evidence_type_display() if claim.evidence else "",
                "people": claim.evidence[0].sample_size if claim.evidence else None,
                "detail": claim.detail,
                "confidence": claim.confidence,
                "checked": claim.checked_on,
                "checkedBy": claim.checked_by or None,
                "reviewBy": claim.review_by,
                "sources": [citation_formats.csl_item(source) for source in claim.sources.all()],
                "places": [f"{url}#{place.anchor}" for place in self.places.values() if claim.key in place.claims],
            }
            for claim in self.claims.values()
        ]


def ledger() -> evidence_ledger.Ledger:
    """Load the ledger of sources, quotations and claims with four queries."""
    return snapshots.current_rows().ledger


def build_page(*, title: str, summary: str, body: str, profile: ClinicProfile, author: Person | None = None) -> Page:
    """Build a page with today's rows. Raises MarkupError for an unknown reference."""
    words = {"title": title, "summary": summary, "body": body}
    return build_from_state(
        snapshots.current_state(words, rows=snapshots.current_rows(), profile=profile, author=author)
    )


def build_from_state(state: snapshots.PageState) -> Page:
    """Build the page of `state`. Raises MarkupError for an unknown reference."""
    values, rows = state.profile.placeholders, state.rows
    document = markup.parse(state.words["body"], ledger=rows.ledger, values=values)
    return Page(
        title=markup.fill(state.words["title"], values),
        summary=markup.fill(state.words["summary"], values),
        description=markup.fill(state.words.get("description", ""), values),
        sections=document.sections,
        quotations=rows.quotations,
        claims=rows.claims,
        sources=[_cited(note, document, rows) for note in document.notes],
        places=document.places,
        minutes=_minutes(document),
        clinic=state.profile,
        author=state.author,
        team=state.team,
    )


def get_pages(*texts: Article | LegalText, clinic: ClinicProfile) -> list[Page]:
    """Return the published pages of `texts`, cached per process; costs no query when all are cached.

    They are as they were signed; only what to do in a crisis comes from `clinic`, the profile of today.
    """
    crisis = tuple(getattr(clinic, name) for name in CrisisText.FIELDS)
    return [_cached_page(_snapshot_hash(text), crisis) for text in texts]


def _snapshot_hash(text: Article | LegalText) -> str:
    published = text.live_snapshot_id if isinstance(text, Article) else text.snapshot_id
    if published is None:
        raise ValueError(f"{text} is not published.")
    return published


@lru_cache(maxsize=MAX_CACHED_PAGES)
def _cached_page(snapshot_hash: str, crisis: tuple[str, ...]) -> Page:
    """Build the page of a snapshot, which never changes, with one query."""
    data = PageSnapshot.objects.get(pk=snapshot_hash).data
    clinic = ClinicProfile(**dict(zip(CrisisText.FIELDS, crisis, strict=True)))
    return build_from_state(snapshots.PageState.from_data(data, clinic=clinic))


def _cited(note: markup.Note, document: markup.Document, rows: snapshots.LedgerRows) -> CitedSource:
    """Group the places that cite a source by their evidence, which is the source's own."""
    source = rows.sources[note.key]
    places: dict[tuple[PageEvidence, ...], list[tuple[str, str]]] = {}
    for number, anchor in enumerate(note.uses, 1):
        place = document.places[anchor]
        cited: list[tuple[str, str, Claim | Quotation]] = [
            (source.evidence_line, rows.claims[key].detail, rows.claims[key]) for key in place.claims
        ]
        if place.quotation:
            cited = [(WORDING, "", rows.quotations[place.quotation])]
        group = dict.fromkeys(PageEvidence(line, detail, row.checked_on, row.checked_by) for line, detail, row in cited)
        places.setdefault(tuple(group), []).append((footnote_letter(number), anchor))
    return CitedSource(note, source, [ClaimUse(anchors, evidence) for evidence, anchors in places.items()])


def footnote_letter(number: int) -> str:
    """Return the letter of a source's nth use: 1 is a, 26 is z, 27 is aa."""
    before, last = divmod(number - 1, 26)
    return (footnote_letter(before) if before else "") + ascii_lowercase[last]


def plain_text(html: str) -> str:
    """Return HTML as text, without tags and note numbers."""
    return " ".join(unescape(nh3.clean(html, tags=set(), clean_content_tags={"sup"})).split())


def _minutes(document: markup.Document) -> int:
    words = [plain_text(block.html).split() for section in document.sections for block in section.blocks]
    return max(1, round(sum(map(len, words)) / WORDS_A_MINUTE))
