"""What became different between two texts, word by word, for people to read. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
CONTEXT_WORDS = 1  # unchanged lines shown before and after a change


@dataclass(frozen=True)
class DiffPiece:
    """`kind` is "same", "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True)
class DiffLine:
    """One line of the newer text or what was taken out there; `skipped` counts unchanged lines that are not shown."""

    pieces: tuple[DiffPiece, ...] = ()
    skipped: int = 0


def diff_lines(old: str, new: str) -> list[DiffLine]:
    """Every changed line with its changed words, and its unchanged neighbours; empty when nothing changed."""
    olds, news = old.splitlines(), new.splitlines()
    if olds == news:
        return []
    shown: list[DiffLine] = []
    operations = SequenceMatcher(None, olds, news, autojunk=False).get_opcodes()
    for number, (kind, old_from, old_to, new_from, new_to) in enumerate(operations):
        if kind == "equal":
            shown += _unchanged(news[new_from:new_to], first=number == 0, last=number == len(operations) - 1)
            continue
        pairs = zip_longest(olds[old_from:old_to], news[new_from:new_to], fillvalue="")
        shown += [DiffLine(diff_words(was, now)) for was, now in pairs]
    return shown


def diff_words(old: str, new: str) -> tuple[DiffPiece, ...]:
    """The pieces of one line, in the order in which they are read: what was removed, then what stands there now."""
    olds, news = WORDS.findall(old), WORDS.findall(new)
    pieces = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(DiffPiece("same", "".join(olds[old_from:old_to])))
            continue
        pieces.append(DiffPiece("removed", "".join(olds[old_from:old_to])))
        pieces.append(DiffPiece("added", "".join(news[new_from:new_to])))
    return tuple(piece for piece in pieces if piece.text)


def _unchanged(run: list[str], *, first: bool, last: bool) -> list[DiffLine]:
    """The ends of an unchanged run that touch a change, and how many lines lie between."""
    head = 0 if first else CONTEXT_WORDS
    tail = 0 if last else CONTEXT_WORDS
    if len(run) <= head + tail:
        return [DiffLine((DiffPiece("same", line),)) for line in run]
    before = [DiffLine((DiffPiece("same", line),)) for line in run[:head]]
    after = [DiffLine((DiffPiece("same", line),)) for line in run[len(run) - tail :]]
    return [*before, DiffLine(skipped=len(run) - head - tail), *after]
