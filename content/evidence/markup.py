"""Our Markdown: CommonMark without HTML, with citations, blocks and placeholders. Pure: text in, typed document out.

    ## A section's heading
    Prose with a citation. [@zarate-2006] Several, one with its page. [@li-2010; @gerhard-2020, p. 70]

    ::: notice A title
    Prose inside a block.
    :::

`{clinic}` and its like stand for the clinic's own facts. Whatever is not understood is a `Finding` with its line;
nothing is dropped silently.
"""

import re
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import nh3
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

# Block name -> whether it takes an argument, whether it has a body.
BLOCKS = {
    "call": (False, False),
    "crisis": (False, False),
    "figure": (True, False),
    "notice": (True, True),
    "promises": (False, False),
    "question": (True, True),
    "quotation": (True, False),
    "start": (False, False),
    "steps": (False, True),
    "team": (False, False),
}
FIGURES = {"party"}  # each one a template in content/figures/
TAGS = {"a", "blockquote", "br", "code", "em", "h3", "h4", "hr", "li", "ol", "p", "strong", "sup", "ul"}
ATTRIBUTES = {"a": {"href", "title", "id", "role", "aria-label"}, "sup": {"class"}}
CITATION = re.compile(r"\[(@[^\[\]]+)\]")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
MARKDOWN_SPECIALS = re.compile(r"([\\`*_\[\]<>#])")


@dataclass(frozen=True, order=True)
class Finding:
    """Something an editor must mend, and the line (from 1) on which it stands."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class MarkupError(Exception):
    """The text breaks a rule; `findings` say where."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = sorted(findings)


@dataclass(frozen=True)
class Ledger:
    """What a text may refer to: keys of sources, and key → (its source's key, whether its wording was checked)."""

    sources: Collection[str] = frozenset()
    quotations: Mapping[str, tuple[str, bool]] = field(default_factory=dict)


@dataclass
class Note:
    """One cited source: its number in the text, and the anchors of the places that cite it."""

    number: int
    key: str
    uses: list[str] = field(default_factory=list)

    def use(self) -> str:
        """The anchor of one more place that cites this source."""
        self.uses.append(f"cite-{self.number}-{len(self.uses) + 1}")
        return self.uses[-1]


@dataclass(frozen=True)
class Block:
    """`kind` is "prose" or a name from BLOCKS; `html` is safe to print; `note` and `anchor` belong to a quotation."""

    kind: str
    argument: str = ""
    html: str = ""
    note: Note | None = None
    anchor: str = ""

    @property
    def template(self) -> str:
        return f"content/blocks/_{self.kind}.html"


@dataclass
class Section:
    """What stands under one `##` heading; the first may have none."""

    heading: str = ""
    slug: str = ""
    blocks: list[Block] = field(default_factory=list)


@dataclass
class Document:
    sections: list[Section] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def quotation_keys(self) -> set[str]:
        return {block.argument for section in self.sections for block in section.blocks if block.kind == "quotation"}


def fill(text: str, values: Mapping[str, str], *, escape: bool = False) -> str:
    """`text` with each `{name}` replaced; raises MarkupError for a name that stands for nothing.

    `escape=True` where Markdown is read next, so that a clinic called `*A*` stays called that.
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
    """The document that `text` describes; raises MarkupError with every finding."""
    return _Parser(ledger).parse(fill(text.replace("\r\n", "\n"), values, escape=True))


class _Parser:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.notes: dict[str, Note] = {}
        self.findings: list[Finding] = []
        self.sections = [Section()]

    def parse(self, text: str) -> Document:
        lines = text.split("\n")
        prose_from = at = 0
        while at < len(lines):
            line = lines[at]
            if not line.startswith(("## ", ":::")):
                at += 1
                continue
            self.add_prose(lines[prose_from:at], prose_from + 1)
            if line.startswith(":::"):
                end = self.end_of_block(lines, at)
                self.add_block(line, lines[at + 1 : end], at + 1)
                at = end
            else:
                self.add_section(line.removeprefix("## ").strip())
            prose_from = at = at + 1
        self.add_prose(lines[prose_from:], prose_from + 1)
        if self.findings:
            raise MarkupError(self.findings)
        sections = [section for section in self.sections if section.heading or section.blocks]
        return Document(sections, list(self.notes.values()))

    def end_of_block(self, lines: list[str], opening: int) -> int:
        """The index of the `:::` that closes the block opened at `lines[opening]`."""
        for at in range(opening + 1, len(lines)):
            if lines[at].strip() == ":::":
                return at
        self.find(opening + 1, f"the block “{lines[opening]}” is never closed with :::")
        return len(lines)

    def find(self, line: int, message: str) -> None:
        self.findings.append(Finding(line, message))

    def add_section(self, heading: str) -> None:
        heading = re.sub(r"\\(.)", r"\1", heading)
        slug = base = slugify(heading) or "section"
        taken = {section.slug for section in self.sections}
        count = 1
        while slug in taken:
            count += 1
            slug = f"{base}-{count}"
        self.sections.append(Section(heading, slug))

    def add_prose(self, lines: list[str], first_line: int) -> None:
        if html := self.render(lines, first_line):
            self.sections[-1].blocks.append(Block("prose", html=html))

    def add_block(self, opening: str, body: list[str], line: int) -> None:
        name, _, argument = opening.removeprefix(":::").strip().partition(" ")
        argument = re.sub(r"\\(.)", r"\1", argument.strip())
        if name not in BLOCKS:
            self.find(line, f"there is no block “{name}”")
            return
        takes_argument, has_body = BLOCKS[name]
        if takes_argument != bool(argument):
            self.find(line, f"the block “{name}” takes {'an' if takes_argument else 'no'} argument")
        if name == "figure" and argument and argument not in FIGURES:
            self.find(line, f"there is no figure “{argument}”")
        html = self.render(body, line + 1)
        if has_body != bool(html):
            self.find(line, f"the block “{name}” has {'a' if has_body else 'no'} body")
        note, anchor = None, ""
        if name == "quotation" and (note := self.quotation_note(argument, line)):
            anchor = note.use()
        self.sections[-1].blocks.append(Block(name, argument, html, note, anchor))

    def quotation_note(self, key: str, line: int) -> Note | None:
        if key not in self.ledger.quotations:
            self.find(line, f"there is no quotation “{key}” in the ledger")
            return None
        source, wording_checked = self.ledger.quotations[key]
        if not wording_checked:
            self.find(line, f"the wording of quotation “{key}” was not checked against its source")
        return self.note(source)

    def note(self, key: str) -> Note:
        return self.notes.setdefault(key, Note(len(self.notes) + 1, key))

    def cite(self, inside: str, line: int) -> list[tuple[Note, str, str]]:
        """(note, anchor, locator) for each key in `@key; @other, p. 70`."""
        cited = []
        for part in inside.split(";"):
            key, _, locator = part.strip().partition(",")
            if not key.startswith("@") or key[1:] not in self.ledger.sources:
                self.find(line, f"there is no source “{key.removeprefix('@')}”")
                continue
            note = self.note(key[1:])
            cited.append((note, note.use(), locator.strip()))
        return cited

    def render(self, lines: list[str], first_line: int) -> str:
        """Clean HTML of some Markdown whose first line is `first_line`."""
        env: MutableMapping[str, Any] = {"parser": self, "line": first_line}
        html = MARKDOWN.render("\n".join(lines), env)
        clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes={"https", "mailto", "tel"}, link_rel=None)
        return clean.strip()


def _inline_with_lines(state: StateCore) -> None:
    """markdown-it's own `inline` step, with each token's line passed on: a finding must say where it stands."""
    first_line = state.env["line"]
    for token in state.tokens:
        if token.type == "inline":
            state.env["line"] = first_line + (token.map[0] if token.map else 0)
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _citation_rule(state: StateInline, silent: bool) -> bool:
    match = CITATION.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        parser: _Parser = state.env["parser"]
        # The note clings to its sentence: no space or line break of the text may part them.
        state.pending = state.pending.rstrip()
        if not state.pending and state.tokens and state.tokens[-1].type == "softbreak":
            state.tokens.pop()
        token = state.push("citation", "", 0)
        token.meta["cited"] = parser.cite(match[1], _line(state))
    state.pos = match.end()
    return True


def _refuse_image(state: StateInline, silent: bool) -> bool:
    """A picture from anywhere would be a request to there; ours are blocks."""
    if state.src.startswith("![", state.pos) and not silent:
        state.env["parser"].find(_line(state), "a picture is a block: ::: figure and its name")
    return False


def _line(state: StateInline) -> int:
    line: int = state.env["line"] + state.src.count("\n", 0, state.pos)
    return line


def _render_citation(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    links = []
    for note, anchor, locator in tokens[index].meta["cited"]:
        where = f", {locator}" if locator else ""
        links.append(
            f'<a id="{anchor}" href="#source-{note.number}" role="doc-noteref" '
            f'aria-label="Source {note.number}{nh3.clean_text(where)}">{note.number}{nh3.clean_text(where)}</a>'
        )
    return f'<sup class="cite">{", ".join(links)}</sup>'


MARKDOWN = MarkdownIt("commonmark", {"html": False})
MARKDOWN.inline.ruler.before("link", "citation", _citation_rule)
MARKDOWN.inline.ruler.at("image", _refuse_image)
MARKDOWN.core.ruler.at("inline", _inline_with_lines)
MARKDOWN.add_render_rule("citation", _render_citation)
