"""Page states: everything that a page shows, read from today's rows or from a snapshot.

A sign-off is bound to the hash of a state, and readers see the state that was signed: a later change of a claim, a
source, a quotation, a person or the profile shows on no page before somebody signs the page again. What pages say in
a crisis is the exception: the Head publishes it, and it holds on every page at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import models

from content.evidence import ledger as evidence_ledger
from content.evidence import markup
from content.models.claims import Claim
from content.models.people import Person
from content.models.profile import ClinicProfile
from content.models.snapshots import LedgerRevision, PageSnapshot
from content.models.sources import Quotation, Source
from content.models.texts import CrisisText, LegalText

Row = TypeVar("Row", bound=models.Model)
# Fields that no public page shows.
HIDDEN: dict[type[models.Model], frozenset[str]] = {
    Source: frozenset({"recheck_fields"}),
    Quotation: frozenset({"note"}),
    Claim: frozenset(),
    Person: frozenset({"user", "on_landing_page"}),
    ClinicProfile: frozenset(
        {*CrisisText.FIELDS, "callback_minutes", "states"}
        | {field.name for field in ClinicProfile._meta.fields if field.name.startswith("call_")}
    ),
}


@dataclass(frozen=True)
class LedgerRows:
    """Rows of the ledger by key."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    quotations: Mapping[str, Quotation] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)

    @property
    def ledger(self) -> evidence_ledger.Ledger:
        return evidence_ledger.Ledger(
            sources={key: source.entry for key, source in self.sources.items()},
            quotations={key: quotation.entry for key, quotation in self.quotations.items()},
            claims={key: claim.entry for key, claim in self.claims.items()},
        )

    def used_by(self, document: markup.Document) -> "LedgerRows":
        """Return the rows that `document` shows: its quotations and claims, and the sources of both."""
        quotations = {key: self.quotations[key] for key in sorted(document.quotation_keys)}
        claims = {key: self.claims[key] for key in sorted(document.claim_keys)}
        sources = {note.key for note in document.notes}
        sources |= {source.key for claim in claims.values() for source in claim.sources.all()}
        sources |= {quotation.source.key for quotation in quotations.values()}
        return LedgerRows({key: self.sources[key] for key in sorted(sources)}, quotations, claims)


@dataclass(frozen=True)
class PageState:
    """A text with the rows that its page shows.

    `words` are the fields of the text as written, with placeholders.
    """

    words: Mapping[str, str]
    rows: LedgerRows
    profile: ClinicProfile
    author: Person | None = None
    team: tuple[Person, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return the state as JSON-compatible data, which `from_data` reads."""
        return {
            "words": dict(self.words),
            "sources": {key: row_values(source) for key, source in self.rows.sources.items()},
            "quotations": {key: row_values(quotation) for key, quotation in self.rows.quotations.items()},
            "claims": {key: row_values(claim) for key, claim in self.rows.claims.items()},
            "profile": row_values(self.profile),
            "author": row_values(self.author) if self.author else None,
            "team": [row_values(person) for person in self.team],
        }

    @property
    def hash(self) -> str:
        return PageSnapshot.hash_of(self.as_data())

    def store(self) -> PageSnapshot:
        return PageSnapshot.store(self.as_data())

    @classmethod
    def from_data(cls, data: Mapping[str, Any], *, clinic: ClinicProfile) -> "PageState":
        """Read a snapshot; what to do in a crisis comes from `clinic`, the profile of today."""
        sources = {key: _restored(Source, number, row) for number, (key, row) in enumerate(data["sources"].items(), 1)}
        profile = _restored(ClinicProfile, 1, data["profile"])
        for name in CrisisText.FIELDS:
            setattr(profile, name, getattr(clinic, name))
        return cls(
            words=data["words"],
            rows=LedgerRows(
                sources,
                {key: _restored(Quotation, 1, row, sources) for key, row in data["quotations"].items()},
                {key: _restored(Claim, 1, row, sources) for key, row in data["claims"].items()},
            ),
            profile=profile,
            author=_restored(Person, 1, data["author"]) if data["author"] else None,
            team=tuple(_restored(Person, 1, row) for row in data["team"]),
        )


def current_rows() -> LedgerRows:
    """Load the ledger as it is today, with four queries."""
    claims = Claim.objects.prefetch_related("sources")
    return LedgerRows(by_key(Source.objects.all()), by_key(Quotation.objects.select_related("source")), by_key(claims))


def current_state(
    words: Mapping[str, str], *, author: Person | None = None, rows: LedgerRows, profile: ClinicProfile
) -> PageState:
    """Return the state of a text with today's rows. Raises MarkupError for an unknown reference."""
    document = markup.parse(words["body"], ledger=rows.ledger, values=profile.placeholders)
    shows_team = any(block.kind == "team" for section in document.sections for block in section.blocks)
    team = tuple(Person.objects.filter(on_landing_page=True)) if shows_team else ()
    return PageState(words, rows.used_by(document), profile, author, team)


def by_key(rows: Iterable[Row]) -> dict[str, Row]:
    return {row.key: row for row in rows}  # type: ignore[attr-defined]


def shown_fields(model: type[models.Model]) -> list[Any]:
    """Return the fields of `model` that pages show, many-to-many fields last."""
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    return [each for each in fields if each.name not in HIDDEN[model] and not each.primary_key]


def row_values(row: models.Model) -> dict[str, Any]:
    """Return the values that pages show, by field; related rows as keys.

    An empty value is left out where that is the default, so that a new field leaves old hashes as they are.
    """
    values = {each.name: _value(row, each) for each in shown_fields(type(row))}
    defaults = {each.name: None if each.is_relation else each.get_default() for each in shown_fields(type(row))}
    return {name: value for name, value in values.items() if value or defaults[name]}


def _value(row: models.Model, column: Any) -> Any:
    value = getattr(row, column.name)
    if column.many_to_many:
        return [related.key for related in value.all()]
    return value.key if column.is_relation and value is not None else value


def _restored(model: type[Row], pk: int, values: Mapping[str, Any], sources: Mapping[str, Source] | None = None) -> Row:
    """Return an unsaved row with `values`, its sources among `sources`; `pk` tells rows of a state apart."""
    row, related = model(pk=pk), sources or {}
    for column in shown_fields(model):
        if column.name not in values:
            continue
        value = values[column.name]
        if column.many_to_many:
            chosen = column.related_model._default_manager.none()
            chosen._result_cache = [related[key] for key in value]
            row._prefetched_objects_cache = {column.name: chosen}  # type: ignore[attr-defined]
        elif column.is_relation:
            setattr(row, column.name, related[value])
        else:
            setattr(row, column.attname, column.to_python(value))
    return row


KINDS: dict[type[models.Model], LedgerRevision.Kind] = {
    Source: LedgerRevision.Kind.SOURCE,
    Quotation: LedgerRevision.Kind.QUOTATION,
    Claim: LedgerRevision.Kind.CLAIM,
    Person: LedgerRevision.Kind.PERSON,
    ClinicProfile: LedgerRevision.Kind.PROFILE,
}


def all_values(row: models.Model) -> dict[str, Any]:
    """Return every value of `row` by field, for its history; related rows as keys, accounts as user names."""
    fields = [*row._meta.concrete_fields, *row._meta.many_to_many]
    return {each.name: _plain(row, each) for each in fields if not each.primary_key}


def _plain(row: models.Model, column: Any) -> Any:
    if column.is_relation and not hasattr(column.related_model, "key"):
        return str(getattr(row, column.name) or "")
    return _value(row, column)


def filled_body(text: LegalText, *, clinic: ClinicProfile) -> str:
    """Return the body of a published text in the words that people agreed to, before Markdown."""
    state = PageState.from_data(text.snapshot.data, clinic=clinic) if text.snapshot else None
    values = state.profile.placeholders if state else clinic.placeholders
    return markup.fill(text.body, values).strip()


def rows_of(data: Mapping[str, Any]) -> dict[tuple[LedgerRevision.Kind, str], dict[str, Any]]:
    """Return the rows of a state's data by kind and key, as revisions have them."""
    kind = LedgerRevision.Kind
    parts = {"sources": kind.SOURCE, "quotations": kind.QUOTATION, "claims": kind.CLAIM}
    rows = {(parts[part], key): row for part in parts for key, row in data.get(part, {}).items()}
    people = [*data.get("team", []), *filter(None, [data.get("author")])]
    rows |= {(kind.PERSON, row["key"]): row for row in people}
    return rows | ({(kind.PROFILE, ""): data["profile"]} if data else {})
