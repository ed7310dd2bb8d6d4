"""Word diff of two texts, for people. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, zip_longest

TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
MAX_EQUAL_PAIRS = 20_000
MAX_CHANGED_LINES = 3_000  # in a row, that are compared word for word
CONTEXT_WORDS = 1  # unchanged lines shown before and after a change


@dataclass(frozen=True)
class DiffPiece:
    """Text with its `kind`: "same", "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True)
class DiffLine:
    """One line of the diff, or `skipped` unchanged lines that are not shown."""

    pieces: tuple[DiffPiece, ...] = ()
    skipped: int = 0


def diff_lines(old: str, new: str) -> list[DiffLine]:
    """Return changed lines with unchanged context lines; empty if nothing changed."""
    old_lines, new_lines = old.splitlines(), new.splitlines()
    if old_lines == new_lines:
        return []
    diff: list[DiffLine] = []
    operations = _operations(old_lines, new_lines)
    for number, (kind, old_from, old_to, new_from, new_to) in enumerate(operations):
        if kind == "equal":
            diff += _context(new_lines[new_from:new_to], first=number == 0, last=number == len(operations) - 1)
            continue
        if max(old_to - old_from, new_to - new_from) > MAX_CHANGED_LINES:
            removed, added = old_lines[old_from:old_to], new_lines[new_from:new_to]
            diff.append(DiffLine(_pieces([("removed", "\n".join(removed)), ("added", "\n".join(added))])))
            continue
        pairs = zip_longest(old_lines[old_from:old_to], new_lines[new_from:new_to], fillvalue="")
        diff += [DiffLine(diff_words(before, after)) for before, after in pairs]
    return diff


def diff_words(old: str, new: str) -> tuple[DiffPiece, ...]:
    """Return the pieces of one line in reading order, removed before added."""
    old_tokens, new_tokens = TOKENS.findall(old), TOKENS.findall(new)
    pieces = []
    for kind, old_from, old_to, new_from, new_to in _operations(old_tokens, new_tokens):
        if kind == "equal":
            pieces.append(("same", "".join(old_tokens[old_from:old_to])))
            continue
        pieces.append(("removed", "".join(old_tokens[old_from:old_to])))
        pieces.append(("added", "".join(new_tokens[new_from:new_to])))
    return _pieces(pieces)


def _pieces(given: list[tuple[str, str]]) -> tuple[DiffPiece, ...]:
    return tuple(DiffPiece(kind, text) for kind, text in given if text)


def _operations(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """Return difflib's opcodes; one replacement between the common ends if there are too many pairs of equal items.

    SequenceMatcher is cubic in texts that repeat one word.
    """
    counts = Counter(new)
    if sum(count * counts[item] for item, count in Counter(old).items()) <= MAX_EQUAL_PAIRS:
        return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    start = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    rest = min(len(old), len(new)) - start
    pairs = zip(reversed(old), reversed(new), strict=False)
    end = next((n for n, (a, b) in enumerate(islice(pairs, rest)) if a != b), rest)
    operations = [
        ("equal", 0, start, 0, start),
        ("replace", start, len(old) - end, start, len(new) - end),
        ("equal", len(old) - end, len(old), len(new) - end, len(new)),
    ]
    return [operation for operation in operations if operation[1] < operation[2] or operation[3] < operation[4]]


def _context(run: list[str], *, first: bool, last: bool) -> list[DiffLine]:
    """Return the lines of an unchanged run next to a change, and the number skipped."""
    head = 0 if first else CONTEXT_WORDS
    tail = 0 if last else CONTEXT_WORDS
    if len(run) <= head + tail:
        return [DiffLine((DiffPiece("same", line),)) for line in run]
    before = [DiffLine((DiffPiece("same", line),)) for line in run[:head]]
    after = [DiffLine((DiffPiece("same", line),)) for line in run[len(run) - tail :]]
    return [*before, DiffLine(skipped=len(run) - head - tail), *after]
