"""The evidence engine: what keeps a text from being published. Pure: text and ledger in, findings out."""

import datetime as dt
from collections.abc import Mapping

from . import markup
from .findings import Finding, MarkupError, Rule
from .ledger import Ledger


def check(
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
    """Everything an editor must mend before this text may be published; empty when it may.

    `values` are what placeholders stand for; `review_by` is the day by which the text must have been read again. A text
    that the markup cannot read has the findings of the markup alone.
    """
    try:
        markup.parse(body, ledger=ledger, values=values)
        for field in (title, summary, description):
            markup.fill(field, values)
    except MarkupError as error:
        return error.findings
    findings = []
    if review_by and review_by < today:
        findings.append(Finding(0, f"was to be read again by {review_by:%B %-d, %Y}", Rule.OVERDUE, "review_by"))
    return findings
