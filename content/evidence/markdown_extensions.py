"""markdown-it extensions: citation marks, line numbers, no images. Pure."""

import re
from collections.abc import Sequence
from typing import Any, Protocol

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from .sentences import Mark, Passage, passage

TAGS = {"a", "blockquote", "br", "code", "em", "h3", "h4", "hr", "li", "ol", "p", "strong", "sup", "ul"}
ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href", "id", "role", "aria-label"}, "sup": {"class"}}
MARK = re.compile(r"\[([@^][^\[\]]+)\]")


class InlineReader(Protocol):
    """Receiver of the findings, marks and passages of a text while it is rendered."""

    def find(self, line: int, message: str) -> None:
        """Record a finding."""

    def mark(self, inside: str, line: int) -> tuple[Mark, list[tuple[int, str, str]]]:
        """Return the parsed mark, and (number, anchor, locator) of each note."""

    def read(self, passage: Passage) -> None:
        """Record a passage of prose."""


def render_markdown(lines: list[str], first_line: int, reader: InlineReader) -> str:
    """Return sanitized HTML of Markdown that begins on line `first_line`."""
    env: dict[str, Any] = {"reader": reader, "line": first_line}
    html = MARKDOWN.render("\n".join(lines), env)
    clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes={"https", "mailto", "tel"}, link_rel=None)
    return clean.strip()


def _inline_with_lines(state: StateCore) -> None:
    """Replace markdown-it's `inline` rule to track lines for findings."""
    first_line, reader = state.env["line"], state.env["reader"]
    quoted, heading = 0, False
    for token in state.tokens:
        line = first_line + (token.map[0] if token.map else 0)
        if token.type in ("blockquote_open", "blockquote_close"):
            quoted += token.nesting
        elif token.type in ("heading_open", "heading_close"):
            heading = token.nesting == 1
            if heading and token.tag in ("h1", "h2"):
                reader.find(line, "a heading here begins with ###, one of the text with ##")
        elif token.type in ("fence", "code_block"):
            reader.find(line, "code is not shown: begin no line with four spaces or ```")
        elif token.type == "inline":
            state.env["line"] = line
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)
            reader.read(passage(token.children, line, quoted=quoted > 0, heading=heading))


def _mark_rule(state: StateInline, silent: bool) -> bool:
    match = MARK.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        # No space or line break may separate a note from its sentence.
        state.pending = state.pending.rstrip()
        if not state.pending and state.tokens and state.tokens[-1].type == "softbreak":
            state.tokens.pop()
        line = _line(state)
        mark, notes = state.env["reader"].mark(match[1], line)
        token = state.push("citation", "", 0)
        token.meta = {"mark": mark, "notes": notes, "line": line + match[0].count("\n")}
    state.pos = match.end()
    return True


def _reject_image(state: StateInline, silent: bool) -> bool:
    """Report an image: it would load from another site; pictures are blocks."""
    if state.src.startswith("![", state.pos) and not silent:
        state.env["reader"].find(_line(state), "a picture is a block: ::: figure and its name")
    return False


def _line(state: StateInline) -> int:
    line: int = state.env["line"] + state.src.count("\n", 0, state.pos)
    return line


def _render_notes(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    links = []
    for number, anchor, locator in tokens[index].meta["notes"]:
        suffix = f", {nh3.clean_text(locator)}" if locator else ""
        links.append(
            f'<a id="{anchor}" href="#source-{number}" role="doc-noteref" '
            f'aria-label="Source {number}{suffix}">{number}{suffix}</a>'
        )
    return f'<sup class="cite">{", ".join(links)}</sup>' if links else ""


MARKDOWN = MarkdownIt("commonmark", {"html": False})
MARKDOWN.inline.ruler.before("link", "citation", _mark_rule)
MARKDOWN.inline.ruler.at("image", _reject_image)
MARKDOWN.core.ruler.at("inline", _inline_with_lines)
MARKDOWN.add_render_rule("citation", _render_notes)
