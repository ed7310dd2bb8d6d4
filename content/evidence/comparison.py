"""Compare two versions of a text: the pairs of sentences that a reviewer must see, and how each changed. Pure."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import vocabulary
from .markup import Document
from .meaning import ChangeKind, changes_between, features_of, words_of
from .sentences import Passage, Sentence

SAME_SENTENCE = 0.5  # of the words; with fewer in common, one sentence took the place of another


@dataclass(frozen=True)
class Statement:
    """A sentence, title or block of a text, as it is compared.

    `marked` if it or its paragraph carries a mark, `always_reviewed` if any other wording needs a reviewer.
    """

    text: str
    line: int
    evidence: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    marked: bool = False
    always_reviewed: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        return (
            " ".join(words_of(self.text)),
            self.text[-1:] if self.text[-1:] in "?:" else "",
            *self.evidence,
            "|",
            *self.links,
        )


@dataclass(frozen=True)
class Change:
    """A pair for a reviewer: the line in the newer text, the kinds of change, and both wordings (one may be "")."""

    line: int
    kinds: tuple[ChangeKind, ...]
    old: str
    new: str

    def __str__(self) -> str:
        pair = " → ".join(f"“{text}”" if text else "nothing" for text in (self.old, self.new))
        return f"{', '.join(self.kinds)}: {pair}"


def statements(document: Document, *, always_reviewed: bool = False) -> list[Statement]:
    """Return what a text states, in order: headings, titles of blocks, sentences, blocks."""
    found = [
        Statement(section.heading, section.line, always_reviewed=True)
        for section in document.sections
        if section.heading
    ]
    for section in document.sections:
        for block in section.blocks:
            if block.kind != "prose":
                name = f"::: {block.kind} {block.argument}".strip()
                found.append(Statement(name, block.line, always_reviewed=True))
    for passage in document.passages:
        found += _of_passage(passage, always_reviewed=always_reviewed)
    return sorted(found, key=lambda statement: statement.line)


def _of_passage(passage: Passage, *, always_reviewed: bool) -> Iterator[Statement]:
    marked = any(sentence.claims or sentence.exempt for sentence in passage.sentences)
    for sentence in passage.sentences:
        yield Statement(
            sentence.text,
            sentence.line,
            _evidence(sentence),
            sentence.links,
            marked=marked,
            always_reviewed=always_reviewed
            or passage.heading
            or passage.quoted
            or bool(sentence.claims or sentence.exempt),
        )


def _evidence(sentence: Sentence) -> tuple[str, ...]:
    marks = [
        [f"^{key}" for key in (*mark.claims, mark.exempt) if key] + [f"@{key}" for key in mark.sources]
        for mark in sentence.marks
    ]
    return tuple(sorted({key for mark in marks for key in mark}))


def compare(old: Sequence[Statement], new: Sequence[Statement]) -> Iterator[Change]:
    """Yield the changes from `old` to `new` that a reviewer must see, by line."""
    matcher = difflib.SequenceMatcher(
        None, [each.identity for each in old], [each.identity for each in new], autojunk=False
    )
    changes: list[Change] = []
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        line = new[min(new_start, len(new) - 1)].line if new else 1
        for before, after in _pairs(old[old_start:old_end], new[new_start:new_end]):
            changes += _judge(before, after, line)
    yield from sorted(changes, key=lambda change: change.line)


def _pairs(old: Sequence[Statement], new: Sequence[Statement]) -> Iterator[tuple[Statement | None, Statement | None]]:
    """Pair each new statement with the old one that shares most words, in order; the rest stand alone."""
    rest = list(old)
    for after in new:
        words = set(words_of(after.text))
        best = max(rest, key=lambda before: _overlap(words, before), default=None)
        if best is not None and (_overlap(words, best) > 0.3 or (len(old) == len(new) == 1)):
            for skipped in rest[: rest.index(best)] if len(rest) > len(new) else []:
                if _overlap(words, skipped) == 0:
                    rest.remove(skipped)
                    yield skipped, None
            rest.remove(best)
            yield best, after
        else:
            yield None, after
    yield from ((before, None) for before in rest)


def _overlap(words: set[str], statement: Statement) -> float:
    others = set(words_of(statement.text))
    return len(words & others) / max(1, min(len(words), len(others)))


def _judge(old: Statement | None, new: Statement | None, line: int) -> Iterator[Change]:
    """Yield the change if a reviewer must see it."""
    if old and new:
        kinds = changes_between(old.text, new.text)
        kinds += [ChangeKind.EVIDENCE] * (old.evidence != new.evidence) + [ChangeKind.LINK] * (old.links != new.links)
        reworded = _overlap(set(words_of(old.text)), new) >= SAME_SENTENCE
        unseen = kinds == [ChangeKind.WORDING] and reworded and not _needs_reviewer(old) and not _needs_reviewer(new)
        if kinds and not unseen:
            yield Change(new.line, tuple(kinds), old.text, new.text)
    elif alone := old or new:
        telling = [kind for kind in features_of(alone.text) if kind in TELLING]
        kinds = [ChangeKind.REMOVED if old else ChangeKind.ADDED, *telling]
        yield Change(new.line if new else line, tuple(kinds), old.text if old else "", new.text if new else "")


# What to name of a sentence that comes or goes.
TELLING = {ChangeKind.NUMBER, ChangeKind.NEGATION, ChangeKind.OBLIGATION, ChangeKind.SPEAKER, ChangeKind.NAME}


def _needs_reviewer(statement: Statement) -> bool:
    """Return whether any other wording of it needs a reviewer."""
    return statement.always_reviewed or statement.marked or vocabulary.names_subject(statement.text)
