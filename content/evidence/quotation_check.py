"""Quoted words in prose, held against the ledger to the character. Pure."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .findings import Finding, Rule
from .ledger import Ledger, LedgerQuotation
from .sentences import Passage

# Up to three quoted words are a term or a figure of speech (“off-label”, “Keep it down”), and ours.
MAX_TERM_WORDS = 3
QUOTED = re.compile(r"“([^“”]*)”|\"([^\"]*)\"|(?<!\w)‘([^‘]*?)’(?!\w)")
ELLIPSIS = re.compile(r"\s*(?:\[(?:…|\.\.\.)\]|…|\.\.\.)\s*")
SMART = str.maketrans("‘’“”", "''\"\"")
NAME = r"(?P<{}>[A-Z][\w’-]*(?:\s+[A-Z][\w’-]*)*)"
ATTRIBUTION = re.compile(
    rf"\b[Aa]ccording to (?:the )?{NAME.format('by')}"
    rf"|{NAME.format('before')} (?:said|says|wrote|writes|told|called|calls|stated|states|claimed|claims|put it)\b"
    rf"|\b(?:said|says|wrote|writes) {NAME.format('behind')}"
)
NO_SPEAKER = {"He", "She", "They", "It", "We", "I", "This", "That", "The", "In"}


@dataclass(frozen=True)
class Quoted:
    """Quoted words and where they stand in the text, their marks included."""

    words: str
    start: int
    end: int


def quoted(text: str) -> Iterator[Quoted]:
    """What stands in quotation marks and is long enough to be somebody's words."""
    for match in QUOTED.finditer(text):
        words = next(group for group in match.groups() if group is not None)
        if len(words.split()) > MAX_TERM_WORDS:
            yield Quoted(words, match.start(), match.end())


def check_quotations(passage: Passage, ledger: Ledger) -> tuple[list[Finding], str]:
    """What is wrong with the quotations in a passage; and the passage with blanks where the ledger's words stand."""
    findings, own = [], passage.text
    spans = [Quoted(own, 0, len(own))] if passage.quoted else list(quoted(own))
    for span in spans:
        same = [entry for entry in ledger.quotations.values() if matches(span.words, entry.text)]
        line = passage.line_at(span.start)
        if not same:
            like = closest_quotation(span.words, ledger.quotations.values())
            said = f"“{span.words}” is not in the ledger to the character" + (f"; closest is “{like}”" if like else "")
            findings.append(Finding(line, said, Rule.QUOTATION))
            continue
        own = own[: span.start] + " " * (span.end - span.start) + own[span.end :]
        checked = [entry for entry in same if entry.wording_checked]
        if not checked:
            said = f"the wording of quotation “{same[0].key}” was not checked against its source"
            findings.append(Finding(line, said, Rule.UNCHECKED))
        elif not passage.quoted:
            findings += check_attribution(passage.text, line, checked[0], named=True)
    if passage.text.count("“") != passage.text.count("”"):
        findings.append(Finding(passage.line, "a quotation mark has no partner", Rule.QUOTATION))
    return findings, own


def check_attribution(text: str, line: int, quotation: LedgerQuotation, *, named: bool) -> Iterator[Finding]:
    """The words around a quotation give it to nobody else and, if they must, to its speaker."""
    others = [name for name in attributed_speakers(text) if not set(name.split()) & set(quotation.speaker.split())]
    if others:
        yield Finding(line, f"{quotation.speaker} said “{quotation.key}”, not {others[0]}", Rule.SPEAKER)
    elif named and not names(text, quotation.speaker):
        yield Finding(line, f"“{quotation.key}” is not said to be {quotation.speaker}’s", Rule.SPEAKER)


def matches(words: str, original: str) -> bool:
    """Whether `words` are whole words of the original in their order: smart quotes, the case of the first letter and
    what an ellipsis leaves out aside."""
    rest = _plain(original)
    for number, part in enumerate(_parts(words)):
        first = re.escape(part[0]) if number else f"[{re.escape(part[0].lower() + part[0].upper())}]"
        found = re.search(rf"(?<!\w){first}{re.escape(part[1:])}(?!\w)", rest)
        if not found:
            return False
        rest = rest[found.end() :]
    return bool(_parts(words))


def closest_quotation(words: str, quotations: Iterable[LedgerQuotation]) -> str:
    """The key of the quotation that these words most resemble, or nothing."""
    plain = _plain(words).lower()
    likeness = {
        quotation.key: difflib.SequenceMatcher(None, plain, _plain(quotation.text).lower(), autojunk=False).ratio()
        for quotation in quotations
    }
    best = max(likeness, key=likeness.__getitem__, default="")
    return best if best and likeness[best] > 0.6 else ""


def names(text: str, speaker: str) -> bool:
    """Whether the text says whose words these are, by the last of the speaker's capitalized words: a surname."""
    known = re.findall(r"\b[A-Z][\w’-]*", speaker) or [speaker]
    return bool(re.search(rf"\b{re.escape(known[-1])}\b", text))


def attributed_speakers(text: str) -> list[str]:
    """Everybody to whom the text gives words: “according to Yale”, “Duman said”."""
    found = (match[match.lastgroup or 0] for match in ATTRIBUTION.finditer(text))
    return [name for name in found if name not in NO_SPEAKER]


def _parts(words: str) -> list[str]:
    return [part for part in ELLIPSIS.split(_plain(words)) if part]


def _plain(text: str) -> str:
    return " ".join(text.translate(SMART).split())
