"""Sentence splitter: paragraphs as sentences with their citation marks. Pure, in linear time."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from .ledger import LedgerClaim

END = re.compile(r"(?:[.!?]+|…)[”’\"')\]»]*")
# A stop after these ends no sentence.
TITLES = re.compile(r"\b(?:Dr|Prof|Mr|Mrs|Ms|St|Mt|Rev|Sen|Gen|Gov|Hon|vs|cf|[Ee]\.g|[Ii]\.e|approx|ca|Dept|Univ)\.$")
# Nor after these before a number.
BEFORE_NUMBERS = re.compile(
    r"\b(?:No|Nos|Fig|Figs|Vol|pp?|Ch|Sec|Eq|Ref|Tab|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
# These end one only before a word that usually begins a sentence.
AMBIGUOUS = re.compile(
    r"\b(?:(?:[A-Z]\.)*[A-Z]|a\.m|p\.m|Ph\.D|M\.D|et al|etc|Inc|Co|Ltd|Corp|Jr|Sr|Jan|Feb|Aug|Sept?|Oct|Nov|Dec)\.$"
)
STARTERS = re.compile(
    r"(?:The|This|That|These|Those|It|Its|It[’']s|In|On|At|By|For|From|With|After|Before|When|While|If|As|And|But|Or|So|Yet|A|An"
    r"|He|She|They|We|You|I|Our|Your|Their|His|Her|There|Here|One|Two|Some|Many|Most|All|No|Not|Each|Every|Both|Another"
    r"|What|Which|Who|How|Why|Where|Is|Are|Do|Does|Please|Ask|Call|Tell|People|Patients|Ketamine|Esketamine|Spravato)\b"
)
WINDOW = 12  # characters before a stop that can belong to an abbreviation


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
    links: tuple[str, ...] = ()

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
    emphasized: tuple[tuple[int, int], ...] = ()

    @property
    def line(self) -> int:
        return self.lines[0][1]

    def line_at(self, offset: int) -> int:
        return _line_at(self.lines, offset)


def passage(tokens: Sequence[Token], line: int, *, quoted: bool, heading: bool) -> Passage:
    """Build a passage from the inline `tokens` of a paragraph that begins on `line`."""
    text, lines, marks, links = "", [(0, line)], [], []
    emphasized, opened = [], [0]
    for token in tokens:
        if token.type == "citation":
            marks.append((len(text), token.meta["mark"]))
            line = token.meta["line"]
        elif token.type == "link_open":
            links.append((len(text), str(token.attrs.get("href", ""))))
            continue
        elif token.type in ("em_open", "strong_open"):
            opened.append(len(text))
            continue
        elif token.type in ("em_close", "strong_close"):
            emphasized.append((opened.pop(), len(text)))
            continue
        elif token.type == "code_inline":
            emphasized.append((len(text), len(text) + len(token.content)))
            text += token.content
        elif token.type in ("softbreak", "hardbreak"):
            text += " "
            line += 1
        else:
            text += token.content
            continue
        lines.append((len(text), line))
    return Passage(text, tuple(lines), tuple(_sentences(text, lines, marks, links)), quoted, heading, tuple(emphasized))


def _line_at(lines: Sequence[tuple[int, int]], offset: int) -> int:
    return lines[bisect_right(lines, offset, key=lambda place: place[0]) - 1][1]


def _sentences(
    text: str, lines: list[tuple[int, int]], marks: list[tuple[int, Mark]], links: list[tuple[int, str]]
) -> Iterator[Sentence]:
    start = next_mark = next_link = 0
    for end in _ends(text, {at for at, _ in marks}):
        sentence = text[start:end]
        first = start + len(sentence) - len(sentence.lstrip())
        last_mark = next_mark
        while last_mark < len(marks) and marks[last_mark][0] <= end:
            last_mark += 1
        sentence_marks = tuple(mark for _, mark in marks[next_mark:last_mark])
        next_mark = last_mark
        last_link = next_link
        while last_link < len(links) and links[last_link][0] < end:
            last_link += 1
        hrefs = tuple(href for _, href in links[next_link:last_link])
        next_link = last_link
        if sentence.strip() or sentence_marks:
            yield Sentence(sentence.strip(), _line_at(lines, first), sentence_marks, hrefs)
        start = end


def _ends(text: str, marked: set[int]) -> Iterator[int]:
    """Yield the end of each sentence."""
    for match in END.finditer(text):
        end = match.end()
        if end < len(text) and (text[end].isspace() or end in marked) and not _goes_on(text, match):
            yield end
    yield len(text)


def _goes_on(text: str, match: re.Match[str]) -> bool:
    """Return whether the sentence goes on after this stop: an abbreviation, or a lower-case word behind it."""
    following = text[match.end() : match.end() + 2 * WINDOW].lstrip()
    if following[:1].islower():
        return True
    if match[0] != ".":
        return False
    before = text[max(0, match.start() - WINDOW) : match.end()]
    if TITLES.search(before):
        return True
    if BEFORE_NUMBERS.search(before) and following[:1].isdigit():
        return True
    return bool(AMBIGUOUS.search(before)) and not STARTERS.match(following)
