"""What became different between two texts, word by word, for people to read. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
AROUND = 1  # unchanged lines shown before and after a change


@dataclass(frozen=True)
class Piece:
    """`kind` is "same", "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """One line of the newer text or what was taken out there; `skipped` counts unchanged lines that are not shown."""

    pieces: tuple[Piece, ...] = ()
    skipped: int = 0


def lines(old: str, new: str) -> list[Line]:
    """Every changed line with its changed words, and its unchanged neighbours; empty when nothing changed."""
    olds, news = old.splitlines(), new.splitlines()
    if olds == news:
        return []
    shown: list[Line] = []
    operations = SequenceMatcher(None, olds, news, autojunk=False).get_opcodes()
    for number, (kind, old_from, old_to, new_from, new_to) in enumerate(operations):
        if kind == "equal":
            shown += _unchanged(news[new_from:new_to], first=number == 0, last=number == len(operations) - 1)
            continue
        pairs = zip_longest(olds[old_from:old_to], news[new_from:new_to], fillvalue="")
        shown += [Line(words(was, now)) for was, now in pairs]
    return shown


def words(old: str, new: str) -> tuple[Piece, ...]:
    """The pieces of one line, in the order in which they are read: what was removed, then what stands there now."""
    olds, news = WORDS.findall(old), WORDS.findall(new)
    pieces = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(olds[old_from:old_to])))
            continue
        pieces.append(Piece("removed", "".join(olds[old_from:old_to])))
        pieces.append(Piece("added", "".join(news[new_from:new_to])))
    return tuple(piece for piece in pieces if piece.text)


def _unchanged(run: list[str], *, first: bool, last: bool) -> list[Line]:
    """The ends of an unchanged run that touch a change, and how many lines lie between."""
    head = 0 if first else AROUND
    tail = 0 if last else AROUND
    if len(run) <= head + tail:
        return [Line((Piece("same", line),)) for line in run]
    before = [Line((Piece("same", line),)) for line in run[:head]]
    after = [Line((Piece("same", line),)) for line in run[len(run) - tail :]]
    return [*before, Line(skipped=len(run) - head - tail), *after]
