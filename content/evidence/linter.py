"""Prose linter: findings that block the publication of a text. Pure."""

import datetime as dt
import html
from collections.abc import Iterable, Mapping
from dataclasses import replace

from . import markup, rules
from .findings import Finding, MarkupError, Rule
from .ledger import Ledger
from .sentences import Passage


def lint(
    *,
    title: str,
    summary: str,
    description: str = "",
    body: str,
    review_by: dt.date | None = None,
    ledger: Ledger,
    values: Mapping[str, str],
    today: dt.date,
) -> list[Finding]:
    """Return the findings that block publication of this text; empty if none.

    `values` are those of placeholders; `review_by` is the day the text's review is due. Invalid markup yields only
    the findings of the parser.
    """
    findings: list[Finding] = []
    fields = {"title": title, "summary": summary, "description": description}
    for name, text in fields.items():
        try:
            fields[name] = markup.fill(text, values)
        except MarkupError as error:
            findings += (replace(finding, field=name) for finding in error.findings)
    try:
        document = markup.parse(body, ledger=ledger, values=values)
    except MarkupError as error:
        return [*findings, *error.findings]
    for name, text in fields.items():
        found = [*rules.check_wording(Passage(html.unescape(text), ((0, 0),)), ledger), *rules.check_title(text)]
        findings += (replace(finding, field=name) for finding in found)
    findings += sorted(finding for rule in rules.RULES for finding in rule(document, ledger, today))
    if review_by and review_by < today:
        findings.append(Finding(0, f"was to be read again by {review_by}", Rule.OVERDUE, "review_by"))
    return findings


def unused_entries(documents: Iterable[markup.Document], ledger: Ledger) -> list[Finding]:
    """Return findings for claims no document uses and sources nothing cites.

    A source counts as cited through a used claim or any quotation.
    """
    documents = list(documents)
    claims = {key for document in documents for key in document.claim_keys}
    sources = {note.key for document in documents for note in document.notes}
    sources |= {source for key in claims for source in ledger.claims[key].sources}
    sources |= {quotation.source for quotation in ledger.quotations.values()}
    findings = [_unused("claim", key) for key in ledger.claims if key not in claims]
    return findings + [_unused("source", key) for key in ledger.sources if key not in sources]


def _unused(kind: str, key: str) -> Finding:
    return Finding(0, f"no text uses the {kind} “{key}”", Rule.UNUSED, f"{kind}s.{key}")
