"""Find claims, quotations and sources by words, best first: shared words rank better here than a language model."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from content.evidence.meaning import word_set, words_of
from content.snapshots import LedgerRows

MOST = 8
STOP_WORDS = word_set("the a an and or of in on at to for by with from as is are was were be it that this not")


@dataclass(frozen=True)
class Entry:
    """A row of the ledger as the editor lists it; `insert` is what goes into the text."""

    kind: str
    key: str
    text: str
    insert: str
    detail: str = ""


def find_entries(query: str, rows: LedgerRows) -> list[Entry]:
    """Return the entries that share most with `query`; rare words weigh more."""
    entries = list(_entries(rows))
    stems = {entry: _stems(f"{entry.key} {entry.text} {entry.detail}") for entry in entries}
    frequency = Counter(stem for found in stems.values() for stem in found)
    asked = _stems(query)
    scores = {
        entry: sum(math.log(1 + len(entries) / frequency[stem]) for stem in asked & found)
        for entry, found in stems.items()
    }
    best = sorted((entry for entry in entries if scores[entry]), key=lambda entry: -scores[entry])
    return best[:MOST]


def _entries(rows: LedgerRows) -> Iterable[Entry]:
    for key, claim in rows.claims.items():
        sources = "; ".join(f"{source.key}: {source.evidence_line}" for source in claim.sources.all())
        yield Entry("claim", key, claim.text, f" [^{key}]", sources)
    for key, quotation in rows.quotations.items():
        detail = f"{quotation.speaker}, {quotation.source.key}"
        if not quotation.wording_checked:
            detail += ". Its wording was not checked yet, so pages cannot show it."
        yield Entry("quotation", key, f"“{quotation.text}”", f"\n\n::: quotation {key}\n:::\n\n", detail)
    for key, source in rows.sources.items():
        yield Entry("source", key, source.title, f" [@{key}]", f"{', '.join(source.authors[:3])} {source.year or ''}")


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:6].rstrip("s") for word in words_of(text) if word not in STOP_WORDS)
