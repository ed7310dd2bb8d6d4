"""Three-way merge of texts by line, for two editors who saved over each other. Pure."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Merge:
    """A merged text; `conflicts` counts the places that both changed, of which both versions are kept."""

    text: str
    conflicts: int


def merge(base: str, mine: str, theirs: str) -> Merge:
    """Return `base` with the changes of `mine` and `theirs`; where both changed the same lines, mine before theirs."""
    lines, conflicts = list[str](), 0
    old, own, other = (text.splitlines() for text in (base, mine, theirs))
    for base_part, own_part, other_part in _regions(old, own, other):
        if own_part == other_part or other_part == base_part:
            lines += own_part
        elif own_part == base_part:
            lines += other_part
        else:
            conflicts += 1
            lines += own_part + other_part
    ending = "\n" if lines and (mine.endswith("\n") or theirs.endswith("\n")) else ""
    return Merge("\n".join(lines) + ending, conflicts)


def _regions(base: list[str], mine: list[str], theirs: list[str]) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Yield (base, mine, theirs) of each stretch, alternately changed somewhere and changed nowhere."""
    own, other = _matches(base, mine), _matches(base, theirs)
    start = own_start = other_start = 0
    at = 0
    while at <= len(base):
        kept = at < len(base) and at in own and at in other
        if not kept and at < len(base):
            at += 1
            continue
        own_end, other_end = own.get(at, len(mine)), other.get(at, len(theirs))
        yield base[start:at], mine[own_start:own_end], theirs[other_start:other_end]
        if at == len(base):
            return
        yield [base[at]], [base[at]], [base[at]]
        start = at = at + 1
        own_start, other_start = own_end + 1, other_end + 1


def _matches(base: list[str], changed: list[str]) -> dict[int, int]:
    """Return the index in `changed` of each line of `base` that is still there."""
    blocks = difflib.SequenceMatcher(None, base, changed, autojunk=False).get_matching_blocks()
    return {block.a + step: block.b + step for block in blocks for step in range(block.size)}
