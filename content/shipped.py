"""The shipped texts under the evidence engine, straight from their files: no database is asked."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import evidence, loading
from .evidence import ledger as ledgers
from .evidence import markup, rules
from .evidence.findings import Finding, MarkupError
from .evidence.sentences import Passage
from .models import Article, Claim, ClinicProfile, LegalText, Quotation, Source


@dataclass(frozen=True)
class Report:
    """Findings, each as `file:line: rule: message`; sentences under a claim, and those that need none, by reason."""

    findings: list[str]
    claimed: int
    exempt: Counter[str]


def report(folder: Path = loading.FILES, *, today: dt.date) -> Report:
    """What the engine says of the files in `folder` on that day. Raises ContentError for what is no file of ours."""
    rows = list(loading.rows(folder))
    ledger = _ledger(rows)
    profile = next(row for _, model, _, row, _ in rows if model is ClinicProfile)
    values = ClinicProfile(**profile).placeholders
    findings: list[str] = []
    documents: list[markup.Document] = []
    for path, model, _, row, first_line in rows:
        if model in (Article, LegalText):
            found = _check(row, ledger, values, today)
            findings += [_located(path, "", finding, first_line) for finding in found]
            documents += _documents(row, ledger, values)
        else:
            findings += [_located(path, row.get("key", ""), finding) for finding in _plain(row, ledger)]
    for finding in evidence.unused(documents, ledger):
        name, key = finding.field.split(".")
        findings.append(_located(folder / f"{name}.yaml", key, replace(finding, field="key")))
    sentences = [sentence for document in documents for passage in document.passages for sentence in passage.sentences]
    exempt = Counter(sentence.exempt for sentence in sentences if sentence.exempt)
    return Report(findings, sum(1 for sentence in sentences if sentence.claims), exempt)


def _ledger(rows: Iterable[tuple[Any, ...]]) -> ledgers.Ledger:
    of = {model: [row for _, kind, _, row, _ in rows if kind is model] for model in (Source, Quotation, Claim)}
    return ledgers.Ledger(
        sources=frozenset(row["key"] for row in of[Source]),
        quotations={
            row["key"]: ledgers.Quotation(
                row["key"], row["text"], row["speaker"], row["source"], row.get("wording_checked", False)
            )
            for row in of[Quotation]
        },
        claims={
            row["key"]: ledgers.Claim(
                row["key"],
                row["text"],
                row.get("kind", ""),
                tuple(row.get("sources") or ()),
                row.get("checked_on") or dt.date.min,
                tuple(row.get("topics") or ()),
            )
            for row in of[Claim]
        },
    )


def _check(row: dict[str, Any], ledger: ledgers.Ledger, values: dict[str, str], today: dt.date) -> list[Finding]:
    fields = {name: row[name] for name in ("title", "summary", "description", "body", "review_by") if name in row}
    return evidence.check(**fields, ledger=ledger, values=values, today=today)


def _documents(row: dict[str, Any], ledger: ledgers.Ledger, values: dict[str, str]) -> Iterator[markup.Document]:
    try:
        yield markup.parse(row["body"], ledger=ledger, values=values)
    except MarkupError:
        return  # already a finding


def _plain(row: dict[str, Any], ledger: ledgers.Ledger) -> Iterator[Finding]:
    """Texts of the profile, people and claims: they carry no claims, and advertise as little."""
    for name, text in row.items():
        if name in ("crisis_text", "bio", "role", "detail"):
            yield from (replace(finding, field=name) for finding in rules.words(Passage(text, ((0, 0),)), ledger))


def _located(path: Path, key: str, finding: Finding, first_line: int = 1) -> str:
    """In a body by its line; elsewhere by that of its field, below the key of its row if it stands in a list."""
    line = first_line + max(finding.line, 1) - 1
    if finding.field != "body":
        text = path.read_text("utf-8")
        at = text.find(f"- key: {key}\n") if key else 0
        line = text.count("\n", 0, max(text.find(f"{finding.field}:", at), 0)) + 1
    return f"{path.name}:{line}: {finding.rule}: {finding.message}"
