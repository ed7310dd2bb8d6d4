"""Quotation check: quoted words in prose must match the ledger exactly. Pure."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .findings import Finding, Rule
from .ledger import Ledger, LedgerQuotation
from .sentences import Passage

# Up to three quoted words are a term or figure of speech (“off-label”, “Keep it down”), not a quotation.
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
NOT_SPEAKERS = {"He", "She", "They", "It", "We", "I", "This", "That", "The", "In"}


@dataclass(frozen=True)
class QuotedSpan:
    """Quoted words; `start` and `end` include the quotation marks."""

    words: str
    start: int
    end: int


def quoted_spans(text: str) -> Iterator[QuotedSpan]:
    """Yield the quoted spans of more than MAX_TERM_WORDS words."""
    for match in QUOTED.finditer(text):
        words = next(group for group in match.groups() if group is not None)
        if len(words.split()) > MAX_TERM_WORDS:
            yield QuotedSpan(words, match.start(), match.end())


def check_quotations(passage: Passage, ledger: Ledger) -> tuple[list[Finding], str]:
    """Return the findings of a passage's quotations, and its text with them blanked."""
    findings, own_words = [], passage.text
    spans = [QuotedSpan(own_words, 0, len(own_words))] if passage.quoted else list(quoted_spans(own_words))
    for span in spans:
        matching = [entry for entry in ledger.quotations.values() if matches(span.words, entry.text)]
        line = passage.line_at(span.start)
        if not matching:
            closest = closest_quotation(span.words, ledger.quotations.values())
            message = f"“{span.words}” is not in the ledger to the character"
            message += f"; closest is “{closest}”" if closest else ""
            findings.append(Finding(line, message, Rule.QUOTATION))
            continue
        own_words = own_words[: span.start] + " " * (span.end - span.start) + own_words[span.end :]
        checked = [entry for entry in matching if entry.wording_checked]
        if not checked:
            message = f"the wording of quotation “{matching[0].key}” was not checked against its source"
            findings.append(Finding(line, message, Rule.UNCHECKED))
        elif not passage.quoted:
            findings += check_attribution(passage.text, line, checked[0], named=True)
    if passage.text.count("“") != passage.text.count("”"):
        findings.append(Finding(passage.line, "a quotation mark has no partner", Rule.QUOTATION))
    return findings, own_words


def check_attribution(text: str, line: int, quotation: LedgerQuotation, *, named: bool) -> Iterator[Finding]:
    """Yield findings for a wrong speaker and, with `named`, for a missing one."""
    others = [name for name in attributed_speakers(text) if not set(name.split()) & set(quotation.speaker.split())]
    if others:
        yield Finding(line, f"{quotation.speaker} said “{quotation.key}”, not {others[0]}", Rule.SPEAKER)
    elif named and not names_speaker(text, quotation.speaker):
        yield Finding(line, f"“{quotation.key}” is not said to be {quotation.speaker}’s", Rule.SPEAKER)


def matches(words: str, original: str) -> bool:
    """Return whether `words` are complete words of the original, in order.

    Smart quotes, the first letter's case and text left out by an ellipsis do not count.
    """
    rest = _plain(original)
    for number, part in enumerate(_parts(words)):
        first = re.escape(part[0]) if number else f"[{re.escape(part[0].lower() + part[0].upper())}]"
        match = re.search(rf"(?<!\w){first}{re.escape(part[1:])}(?!\w)", rest)
        if not match:
            return False
        rest = rest[match.end() :]
    return bool(_parts(words))


def closest_quotation(words: str, quotations: Iterable[LedgerQuotation]) -> str:
    """Return the key of the most similar quotation, or "" below a ratio of 0.6."""
    plain = _plain(words).lower()
    similarity = {
        quotation.key: difflib.SequenceMatcher(None, plain, _plain(quotation.text).lower(), autojunk=False).ratio()
        for quotation in quotations
    }
    best = max(similarity, key=similarity.__getitem__, default="")
    return best if best and similarity[best] > 0.6 else ""


def names_speaker(text: str, speaker: str) -> bool:
    """Return whether the text has the speaker's surname, the last capitalized word."""
    capitalized = re.findall(r"\b[A-Z][\w’-]*", speaker) or [speaker]
    return bool(re.search(rf"\b{re.escape(capitalized[-1])}\b", text))


def attributed_speakers(text: str) -> list[str]:
    """Return every attributed speaker: “according to Yale”, “Duman said”."""
    speakers = (match[match.lastgroup or 0] for match in ATTRIBUTION.finditer(text))
    return [name for name in speakers if name not in NOT_SPEAKERS]


def _parts(words: str) -> list[str]:
    return [part for part in ELLIPSIS.split(_plain(words)) if part]


def _plain(text: str) -> str:
    return " ".join(text.translate(SMART).split())
