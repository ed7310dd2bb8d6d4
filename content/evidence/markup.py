"""Markup parser: CommonMark with marks, blocks and placeholders. Pure.

    ## A section's heading
    A sentence that carries a claim of the ledger. [^c04] Several, one with the page. [^c12; ^c13; @gerhard-2020, p. 70]
    A citation alone. [@zarate-2006] Please ask your doctor about ketamine. [^advice]

    ::: notice A title
    Prose inside a block.
    :::

A claim cites all its sources, or only those named beside it. Placeholders such as `{clinic}` stand for facts of the
clinic profile. Anything the parser does not understand is a `Finding` with its line; nothing is dropped silently.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import slugify

from .findings import Finding, MarkupError, Rule
from .ledger import Ledger
from .markdown_extensions import MARK, render_markdown
from .sentences import Mark, Passage

# Block name -> (takes an argument, has a body).
BLOCKS = {
    "call": (False, False),
    "care": (False, False),
    "crisis": (False, False),
    "figure": (True, True),  # the body names the evidence of the picture
    "notice": (True, True),
    "promises": (False, False),
    "question": (True, True),
    "quotation": (True, False),
    "start": (False, False),
    "steps": (False, True),
    "team": (False, False),
}
FIGURES = {"party"}  # templates in content/figures/
# Reasons why a factual sentence needs no claim: it advises the reader, describes the clinic's offer or this page, or
# defines a word.
EXEMPT = ("advice", "offer", "page", "word")
# The worst text within them is checked in less than half a second (tests/threats/test_slow_patterns.py).
MAX_CHARACTERS = 30_000  # 5,000 words
MAX_LINES = 3_000
MAX_BRACKETS = 3_000  # “[” that may begin a link or a note
PLACEHOLDER = re.compile(r"\{(\w*)\}")
MARKDOWN_SPECIALS = re.compile(r"([\\`*_\[\]<>#])")


@dataclass(frozen=True)
class Place:
    """One place in the text that cites one source.

    `claims` are keys of the claims made there with this source; `quotation` is the key of a quotation shown there.
    """

    anchor: str
    number: int
    source: str
    line: int
    locator: str = ""
    claims: tuple[str, ...] = ()
    quotation: str = ""


RESERVED_ANCHORS = re.compile(r"(sources?|corrections|cite)(-|$)")  # used by `article.html`


@dataclass
class Note:
    """One cited source: its number, and the anchors of the places that cite it."""

    number: int
    key: str
    uses: list[str] = field(default_factory=list)

    def use(self) -> str:
        """Add a citing place and return its anchor."""
        self.uses.append(f"cite-{self.number}-{len(self.uses) + 1}")
        return self.uses[-1]


@dataclass(frozen=True)
class Block:
    """A block; `kind` is "prose" or a key of BLOCKS, `html` is sanitized."""

    kind: str
    argument: str = ""
    html: str = ""
    note: Note | None = None  # of a quotation
    anchor: str = ""  # of a quotation
    line: int = 0

    @property
    def template(self) -> str:
        return f"content/blocks/_{self.kind}.html"


@dataclass
class Section:
    """The blocks under one `##` heading; the first section may have none."""

    heading: str = ""
    slug: str = ""
    line: int = 0
    blocks: list[Block] = field(default_factory=list)


@dataclass
class Document:
    """A parsed text."""

    sections: list[Section] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)  # by anchor, in the order of the text
    passages: list[Passage] = field(default_factory=list)

    @property
    def claim_keys(self) -> set[str]:
        return {key for passage in self.passages for sentence in passage.sentences for key in sentence.claims}

    @property
    def quotations(self) -> list[tuple[Section, int, str]]:
        """Return (section, line, key) of each quotation block."""
        blocks = [(section, block) for section in self.sections for block in section.blocks]
        return [(section, block.line, block.argument) for section, block in blocks if block.kind == "quotation"]

    @property
    def quotation_keys(self) -> set[str]:
        return {key for _, _, key in self.quotations}


def fill(text: str, values: Mapping[str, str], *, escape: bool = False) -> str:
    """Replace each `{name}` in `text`. Raises MarkupError for an unknown name.

    `escape=True` escapes the values for Markdown, so that a clinic named `*A*` keeps its name.
    """
    findings = []

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            findings.append(Finding(text.count("\n", 0, match.start()) + 1, f"{{{name}}} stands for nothing"))
            return match[0]
        return MARKDOWN_SPECIALS.sub(r"\\\1", values[name]) if escape else values[name]

    filled = PLACEHOLDER.sub(value, text)
    if findings:
        raise MarkupError(findings)
    return filled


def parse(text: str, *, ledger: Ledger, values: Mapping[str, str]) -> Document:
    """Parse `text`. Raises MarkupError with every finding, or with the one that it is too long."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    bounds = {
        "characters": (len(text), MAX_CHARACTERS),
        "lines": (text.count("\n"), MAX_LINES),
        "opening brackets": (text.count("["), MAX_BRACKETS),
    }
    for what, (has, most) in bounds.items():
        if has > most:
            message = f"this text has {has:,} {what}, and a page has room for {most:,}: split it"
            raise MarkupError([Finding(0, message, Rule.TOO_LONG)])
    return _Parser(ledger).parse(fill(text, values, escape=True))


class _Parser:
    """Parser of one text; the `InlineReader` of its prose."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.notes: dict[str, Note] = {}
        self.places: dict[str, Place] = {}
        self.passages: list[Passage] = []
        self.findings: list[Finding] = []
        self.sections = [Section()]
        self.slugs: Counter[str] = Counter()

    def parse(self, text: str) -> Document:
        lines = text.split("\n")
        prose_start = index = 0
        while index < len(lines):
            line = lines[index]
            if not line.startswith(("## ", ":::")):
                index += 1
                continue
            self.add_prose(lines[prose_start:index], prose_start + 1)
            if line.startswith(":::"):
                end = self.end_of_block(lines, index)
                self.add_block(line, lines[index + 1 : end], index + 1)
                index = end
            else:
                self.add_section(line.removeprefix("## ").strip(), index + 1)
            prose_start = index = index + 1
        self.add_prose(lines[prose_start:], prose_start + 1)
        if self.findings:
            raise MarkupError(self.findings)
        sections = [section for section in self.sections if section.heading or section.blocks]
        return Document(sections, list(self.notes.values()), self.places, self.passages)

    def end_of_block(self, lines: list[str], opening: int) -> int:
        """Return the index of the `:::` that closes the block opened at `lines[opening]`."""
        for index in range(opening + 1, len(lines)):
            if lines[index].strip() == ":::":
                return index
        self.find(opening + 1, f"the block “{lines[opening]}” is never closed with :::")
        return len(lines)

    def find(self, line: int, message: str, rule: Rule = Rule.MARKUP) -> None:
        self.findings.append(Finding(line, message, rule))

    def read(self, passage: Passage) -> None:
        self.passages.append(passage)

    def add_section(self, heading: str, line: int) -> None:
        heading = self.plain_title(heading, line)
        slug = base = slugify(heading) or "section"
        if RESERVED_ANCHORS.match(slug):
            slug = base = f"about-{slug}"
        while slug in self.slugs:
            self.slugs[base] += 1
            slug = f"{base}-{self.slugs[base]}"
        self.slugs[slug] += 1
        self.sections.append(Section(heading, slug, line))

    def plain_title(self, text: str, line: int) -> str:
        """Undo the escaping of `fill` in a heading or argument; report a mark in it."""
        if MARK.search(text):
            self.find(line, "a mark belongs to a sentence, not to a title")
        return re.sub(r"\\(.)", r"\1", text)

    def add_prose(self, lines: list[str], first_line: int) -> None:
        if html := render_markdown(lines, first_line, self):
            self.sections[-1].blocks.append(Block("prose", html=html, line=first_line))

    def add_block(self, opening: str, body: list[str], line: int) -> None:
        name, _, argument = opening.removeprefix(":::").strip().partition(" ")
        argument = self.plain_title(argument.strip(), line)
        if name not in BLOCKS:
            self.find(line, f"there is no block “{name}”")
            return
        takes_argument, has_body = BLOCKS[name]
        if takes_argument != bool(argument):
            self.find(line, f"the block “{name}” takes {'an' if takes_argument else 'no'} argument")
        if name == "figure" and argument and argument not in FIGURES:
            self.find(line, f"there is no figure “{argument}”")
        html = render_markdown(body, line + 1, self)
        if has_body != bool(html):
            self.find(line, f"the block “{name}” has {'a' if has_body else 'no'} body")
        note, anchor = None, ""
        if name == "quotation" and (note := self.quotation_note(argument, line)):
            anchor = self.place(note, line, quotation=argument)
        self.sections[-1].blocks.append(Block(name, argument, html, note, anchor, line))

    def quotation_note(self, key: str, line: int) -> Note | None:
        if key not in self.ledger.quotations:
            self.find(line, f"there is no quotation “{key}” in the ledger")
            return None
        quotation = self.ledger.quotations[key]
        if not quotation.wording_checked:
            self.find(line, f"the wording of quotation “{key}” was not checked against its source", Rule.UNCHECKED)
        return self.note(quotation.source)

    def note(self, key: str) -> Note:
        return self.notes.setdefault(key, Note(len(self.notes) + 1, key))

    def place(self, note: Note, line: int, **details: Any) -> str:
        """Add a place that cites `note` and return its anchor."""
        anchor = note.use()
        self.places[anchor] = Place(anchor, note.number, note.key, line, **details)
        return anchor

    def mark(self, inside: str, line: int) -> tuple[Mark, list[tuple[int, str, str]]]:
        """Parse `@key; @other, p. 70; ^claim`; see `InlineReader.mark`."""
        parts = [part.strip() for part in inside.split(";")]
        if len(parts) == 1 and inside.startswith("^") and parts[0][1:] in EXEMPT:
            return Mark(exempt=parts[0][1:]), []
        claims: dict[str, tuple[str, ...]] = {}  # key -> sources
        named: dict[str, str] = {}  # source -> locator
        for part in parts:
            kind = "claim" if part.startswith("^") else "source"
            key, _, locator = part.removeprefix("^").removeprefix("@").partition(",")
            if kind == "claim" and key in self.ledger.claims and not locator:
                claims[key] = self.ledger.claims[key].sources
            elif part.startswith("@") and key in self.ledger.sources:
                named[key] = locator.strip()
            else:
                self.find(line, f"“{key}” stands alone" if key in EXEMPT else f"there is no {kind} “{key}”")
        self.check_sources(claims, list(named), line)
        return Mark(tuple(claims), tuple(named)), [
            self.add_citation(source, named.get(source, ""), claims, line)
            for source in named or dict.fromkeys(key for sources in claims.values() for key in sources)
        ]

    def check_sources(self, claims: Mapping[str, tuple[str, ...]], named: list[str], line: int) -> None:
        """Report named sources of none of the claims, and claims without a named source."""
        for source in named:
            if claims and not any(source in sources for sources in claims.values()):
                self.find(line, f"the claim beside “{source}” does not rest on it")
        for claim, sources in claims.items():
            if named and not set(sources) & set(named):
                self.find(line, f"claim “{claim}” rests on none of the sources beside it")

    def add_citation(
        self, source: str, locator: str, claims: Mapping[str, tuple[str, ...]], line: int
    ) -> tuple[int, str, str]:
        """Add a place that cites `source`; return (number, anchor, locator)."""
        note = self.note(source)
        supported = tuple(claim for claim, sources in claims.items() if source in sources)
        return note.number, self.place(note, line, locator=locator, claims=supported), locator
