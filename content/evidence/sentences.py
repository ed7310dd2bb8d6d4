"""Sentence splitter: paragraphs as sentences with their citation marks. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from .ledger import LedgerClaim

END = re.compile(r"[.!?]+[”’\"')\]]*")
ABBREVIATIONS = re.compile(r"\b(?:U\.S|e\.g|i\.e|et al|vs|Dr|Mr|Mrs|Ms|St|No|pp?|approx)\.$")


@dataclass(frozen=True)
class Mark:
    """One pair of brackets: keys of claims and sources, or an exemption."""

    claims: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    exempt: str = ""


@dataclass(frozen=True)
class Sentence:
    """A sentence with the marks inside and right after it; `line` counts from 1."""

    text: str
    line: int
    marks: tuple[Mark, ...] = ()

    @property
    def claims(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for mark in self.marks for key in mark.claims))

    def sources_of(self, claim: LedgerClaim) -> list[str]:
        """Return the sources of a claim that are cited here: those named in its mark, or all."""
        named = {key for mark in self.marks if claim.key in mark.claims for key in mark.sources}
        return [key for key in claim.sources if key in named or not named & set(claim.sources)]

    @property
    def exempt(self) -> str:
        return next((mark.exempt for mark in self.marks if mark.exempt), "")


@dataclass(frozen=True)
class Passage:
    """A paragraph, list item, lower heading or title; `quoted` in a block quotation."""

    text: str
    lines: tuple[tuple[int, int], ...]  # (offset in the text, the line that begins there)
    sentences: tuple[Sentence, ...] = ()
    quoted: bool = False
    heading: bool = False

    @property
    def line(self) -> int:
        return self.lines[0][1]

    def line_at(self, offset: int) -> int:
        return _line_at(self.lines, offset)


def passage(tokens: Sequence[Token], line: int, *, quoted: bool, heading: bool) -> Passage:
    """Build a passage from the inline `tokens` of a paragraph that begins on `line`."""
    text, lines, marks = "", [(0, line)], []
    for token in tokens:
        if token.type == "citation":
            marks.append((len(text), token.meta["mark"]))
            line = token.meta["line"]
        elif token.type in ("softbreak", "hardbreak"):
            text += " "
            line += 1
        else:
            text += token.content
            continue
        lines.append((len(text), line))
    return Passage(text, tuple(lines), tuple(_sentences(text, lines, marks)), quoted, heading)


def _line_at(lines: Sequence[tuple[int, int]], offset: int) -> int:
    return max(line for at, line in lines if at <= offset)


def _sentences(text: str, lines: list[tuple[int, int]], marks: list[tuple[int, Mark]]) -> Iterator[Sentence]:
    start = 0
    for end in _ends(text, {at for at, _ in marks}):
        sentence = text[start:end]
        first = start + len(sentence) - len(sentence.lstrip())
        sentence_marks = tuple(mark for at, mark in marks if start < at <= end or (start == 0 == at))
        if sentence.strip() or sentence_marks:
            yield Sentence(sentence.strip(), _line_at(lines, first), sentence_marks)
        start = end


def _ends(text: str, marked: set[int]) -> Iterator[int]:
    """Yield the end of each sentence.

    An abbreviation or a lower-case continuation ends none.
    """
    for match in END.finditer(text):
        rest = text[match.end() :]
        continues = rest.lstrip()[:1].islower() or ABBREVIATIONS.search(text[: match.end()])
        if rest and not continues and (rest[0].isspace() or match.end() in marked):
            yield match.end()
    yield len(text)
