"""What changed since a page was signed: the pages concerned, and each change with the sentences that rest on it."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from django.db import models
from django.utils import timezone

from content.evidence import markup
from content.evidence.findings import MarkupError
from content.evidence.meaning import changes_between
from content.models.articles import Article, Text
from content.models.claims import Claim
from content.models.content_version import ContentVersion
from content.models.people import Person
from content.models.profile import ClinicProfile
from content.models.snapshots import canonical_json
from content.models.sources import Quotation, Source
from content.models.texts import LegalText

from . import snapshots, word_diff
from .snapshots import LedgerRows, PageState

# Parts of a state in the order in which a reviewer sees them -> model of their rows.
LEDGER_PARTS: dict[str, type[models.Model]] = {"quotations": Quotation, "claims": Claim, "sources": Source}


@dataclass(frozen=True)
class StateChange:
    """One changed field of a row that a page shows.

    `row` names it as readers of the desk know it; `kinds` are those of `ChangeKind`; `sentences` are those of the page
    that rest on it, `sources` what a changed claim or quotation rests on.
    """

    row: str
    field: str
    pieces: tuple[word_diff.DiffPiece, ...]
    kinds: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangedPages:
    """Primary keys of pages that would read otherwise today.

    Articles by whether that is so since they were published, or since they were last signed off; legal texts in
    effect.
    """

    published: frozenset[int] = frozenset()
    signed: frozenset[int] = frozenset()
    texts: frozenset[int] = frozenset()


def state_of(article: Article, text: Text) -> PageState:
    """Return the state of `text` with today's rows. Raises MarkupError for a reference to a row that is gone."""
    profile = ClinicProfile.current()
    return snapshots.current_state(text.words, author=article.author, rows=snapshots.current_rows(), profile=profile)


def changed_pages() -> ChangedPages:
    """Return the pages whose rows changed, cached by content version and day."""
    return _changed_pages(ContentVersion.current_token(), timezone.localdate())


@lru_cache(maxsize=4)
def _changed_pages(version: str | None, today: dt.date) -> ChangedPages:
    rows, profile = snapshots.current_rows(), ClinicProfile.objects.first()
    if profile is None:
        return ChangedPages()
    published, signed = set(), set()
    articles = Article.objects.select_related("author", "live_revision").prefetch_related("sign_offs__revision")
    for article in articles:
        hash_of = partial(_hash, author=article.author, rows=rows, profile=profile)
        if article.live_revision and hash_of(article.live_revision) != article.live_snapshot_id:
            published.add(article.pk)
        last = next(iter(article.sign_offs.all()), None)
        if last and hash_of(last.revision) != last.snapshot_id:
            signed.add(article.pk)
    in_effect = {text.kind: text for text in LegalText.objects.published().order_by("effective_from", "pk")}.values()
    texts = {each.pk for each in in_effect if _hash(each, author=None, rows=rows, profile=profile) != each.snapshot_id}
    return ChangedPages(frozenset(published), frozenset(signed), frozenset(texts))


def _hash(text: Text | LegalText, *, author: Person | None, rows: LedgerRows, profile: ClinicProfile) -> str | None:
    try:
        return snapshots.current_state(text.words, author=author, rows=rows, profile=profile).hash
    except MarkupError:
        return None  # it names a row that is gone


def find_changes(before: Mapping[str, Any], after: PageState) -> list[StateChange]:
    """Return how the rows of `after` differ from the snapshot data `before`; words of the text are left out."""
    now = after.as_data()
    document = markup.parse(after.words["body"], ledger=after.rows.ledger, values=after.profile.placeholders)
    changes: list[StateChange] = []
    for part, model in LEDGER_PARTS.items():
        name = str(model._meta.verbose_name).capitalize()
        for key in sorted(now[part].keys() & before[part].keys()):
            sentences, sources = _rests_on(document, after, part, key), _sources_of(after, part, key)
            changes += _field_changes(f"{name} {key}", model, before[part][key], now[part][key], sentences, sources)
    changes += _field_changes("Clinic profile", ClinicProfile, before["profile"], now["profile"])
    changes += _field_changes("Author", Person, before["author"] or {}, now["author"] or {})
    for old, new in _pair_people(before["team"], now["team"]):
        changes += _field_changes(f"Team: {(new or old)['name']}", Person, old, new)
    return changes


def _field_changes(
    row: str,
    model: type[models.Model],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    sentences: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
) -> Iterator[StateChange]:
    for column in snapshots.shown_fields(model):
        old, new = before.get(column.name), after.get(column.name)
        if printed(old) != printed(new):
            pieces = word_diff.diff_words(printed(old), printed(new))
            kinds = tuple(str(kind) for kind in changes_between(printed(old), printed(new)))
            yield StateChange(row, column.verbose_name, pieces, kinds, sentences, sources)


def printed(value: Any) -> str:
    """Return a value of a state as text: lists one entry a line, dates as in ISO 8601, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(canonical_json(each) if isinstance(each, dict) else str(each) for each in value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _rests_on(document: markup.Document, state: PageState, part: str, key: str) -> tuple[str, ...]:
    """Return the sentences of the page that rest on the row `key`, or that introduce a quotation block."""
    if part == "quotations":
        return tuple(f"Quotation block in line {line}." for _, line, each in document.quotations if each == key)
    keys = {key}
    if part == "sources":
        claims = state.rows.claims.items()
        keys = {claim for claim, row in claims if key in {source.key for source in row.sources.all()}}
    sentences = (sentence for passage in document.passages for sentence in passage.sentences)
    return tuple(sentence.text for sentence in sentences if keys & set(sentence.claims))


def _sources_of(state: PageState, part: str, key: str) -> tuple[str, ...]:
    if part == "claims":
        return tuple(map(str, state.rows.claims[key].sources.all()))
    return (str(state.rows.quotations[key].source),) if part == "quotations" else ()


def _pair_people(before: list[Any], after: list[Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    old, new = ({person["key"]: person for person in people} for people in (before, after))
    for key in {**old, **new}:
        yield old.get(key, {}), new.get(key, {})
