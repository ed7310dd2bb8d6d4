"""What a sentence says beside its words: numbers, negation, quantifiers, hedges, species, direction, names. Pure.

`changes_between` names how the meaning of a sentence changed, for a reviewer who sees both wordings. It compares words
and understands nothing: `WORDING` is the kind of every change that has no other.
"""

import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from fractions import Fraction
from itertools import chain

from .quantities import Quantity, find_quantities


class ChangeKind(StrEnum):
    """Kinds of change between two wordings, with the word a reviewer reads."""

    NUMBER = "number"
    UNIT = "unit"
    NEGATION = "negation"
    QUANTIFIER = "quantifier"
    HEDGE = "hedge"
    SPECIES = "species"
    SPEAKER = "speaker"
    DIRECTION = "direction"
    OBLIGATION = "obligation"
    NAME = "name"
    EVIDENCE = "evidence"
    LINK = "link"
    QUOTATION = "quotation"
    SOURCE = "source"
    DATE = "date"
    TOPIC = "topic"
    CRISIS = "crisis"
    ADDED = "added"
    REMOVED = "removed"
    WORDING = "wording"


WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)*")


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list in one string."""
    return frozenset(text.split())


NEGATIONS = word_set(
    "no not never none nobody nothing neither nor without cannot can't isn't aren't wasn't weren't won't"
    " don't doesn't didn't hasn't haven't shouldn't couldn't wouldn't mustn't fails failed fail lacks lacked"
    " lack absent unable instead unlike"
)
QUANTIFIERS = word_set(
    "all every everyone everybody each any anyone anybody most many some few several both only nearly almost"
    " majority minority always often sometimes rarely seldom mostly mainly entire entirely whole fully full"
    " completely everything more less fewer least enough hardly just ever anything single"
)
HEDGES = word_set(
    "may might could seem seems seemed appear appears appeared suggest suggests suggested suggesting likely"
    " possible possibly perhaps usually typically tend tends maybe idea ideas hypothesis hypotheses unsettled"
    " unclear unknown limited generally often sometimes about roughly around approximately think thought"
    " believe believed yet probably apparently would can"
)
SPECIES_WORDS = word_set(
    "rat rats mouse mice rodent rodents animal animals monkey monkeys people person human humans patient"
    " patients man men woman women child children adult adults teen teens volunteer volunteers cells lab"
    " laboratory"
)
OBLIGATIONS = word_set("must should shall need needs required require requires optional voluntary")
SAYING = word_set(
    "said says say wrote writes told tells called calls stated states claimed claims found finds according"
    " opinion view verdict words quoted quotes reported put puts"
)
FUNCTION_WORDS = word_set(
    "the a an in on at he she it they we i this that these those his her its their what who as if so"
)
DRUGS = word_set(
    "ketamine esketamine spravato midazolam placebo rapamycin salt saline ect lithium prozac lozenge lozenges"
    " infusion infusions nasal spray pill pills injection oral mouth vein medicine medicines medication"
    " medications drug drugs"
)
ROLES = word_set(
    "doctor doctors clinician clinicians physician physicians nurse nurses psychiatrist psychiatrists therapist"
    " therapists counselor counselors pharmacist pharmacists prescriber prescribers scientist scientists researcher"
    " researchers expert experts regulator regulators team staff host hosts"
)
DIRECTIONS = word_set(
    "raise raises raised lower lowers lowered better worse add adds added remove removes removed increase"
    " increases increased decrease decreases decreased reduce reduces reduced up down before after start"
    " starts started end ends ended stop stops stopped begin begins began stronger weaker strong weak longer"
    " shorter long short faster slower fast slow quickly slowly high higher low improve improves improved"
    " worsen worsens with without approve approves approved reject rejected refuse refused allow allows"
    " allowed forbid forbids safe safer dangerous early late gain lose loses lost open opens closed same"
    " different ease eases harm harms block blocks blocked help helps hurt hurts quiet quieted hushed louder"
    " loss growth grow grew above below over under against largest smallest big small large great free paid"
    " success failure benefit benefits risk risks cautious confident"
)


def words_of(text: str) -> list[str]:
    """Return the lower-case words of `text`, with straight apostrophes."""
    return [match[0].lower().replace("’", "'") for match in WORD.finditer(text)]


def changes_between(old: str, new: str) -> list[ChangeKind]:
    """Return the kinds of change from `old` to `new`, the most telling first; empty if only punctuation differs."""
    before, after = words_of(old), words_of(new)
    kinds = [*_number_changes(old, new)]
    for kind, words in (
        (ChangeKind.NEGATION, NEGATIONS),
        (ChangeKind.QUANTIFIER, QUANTIFIERS),
        (ChangeKind.HEDGE, HEDGES),
        (ChangeKind.SPECIES, SPECIES_WORDS),
        (ChangeKind.DIRECTION, DIRECTIONS),
        (ChangeKind.OBLIGATION, OBLIGATIONS),
    ):
        if _those(before, words) != _those(after, words):
            kinds.append(kind)
    if _names(old) != _names(new) or any(_those(before, words) != _those(after, words) for words in (DRUGS, ROLES)):
        kinds.append(ChangeKind.NAME)
    if (set(before) & SAYING) != (set(after) & SAYING) or _speakers(old) != _speakers(new):
        kinds.append(ChangeKind.SPEAKER)
    if not kinds and (before != after or old.rstrip('”"’) ')[-1:] == "?" != new.rstrip('”"’) ')[-1:]):
        kinds.append(ChangeKind.WORDING)
    return kinds


def features_of(text: str) -> list[ChangeKind]:
    """Return what `text` alone says of these kinds, to judge whether it may come or go unseen."""
    return [kind for kind in changes_between("", text) if kind is not ChangeKind.WORDING]


def _number_changes(old: str, new: str) -> Iterable[ChangeKind]:
    before, after = _quantities(old), _quantities(new)
    if Counter(each.key for each in before) == Counter(each.key for each in after):
        if [each.key for each in before] != [each.key for each in after] or _swapped(old, new, before):
            yield ChangeKind.NUMBER  # the same ones, in another order or about other things
        return
    if Counter(_bare(each.words) for each in before) != Counter(_bare(each.words) for each in after):
        yield ChangeKind.NUMBER
    if Counter(each.kind for each in before) != Counter(each.kind for each in after) or not _moved(before, after):
        yield ChangeKind.UNIT


def _swapped(old: str, new: str, quantities: list[Quantity]) -> bool:
    """Return whether the same words stand in another order around two or more numbers."""
    before, after = words_of(old), words_of(new)
    return len(quantities) > 1 and before != after and sorted(before) == sorted(after)


def _quantities(text: str) -> list[Quantity]:
    """Return the quantities of `text` without the pronoun “one”."""
    return [each for each in find_quantities(text) if each.key != (Fraction(1), "")]


def _moved(before: list[Quantity], after: list[Quantity]) -> bool:
    """Return whether the bare numbers differ, so that another value needs no other unit."""
    return Counter(_bare(each.words) for each in before) != Counter(_bare(each.words) for each in after)


def _bare(words: str) -> str:
    match = re.match(r"[\w.,]+", words)
    return match[0].lower() if match else words


def _names(text: str) -> Counter[str]:
    """Return the capitalized words that begin no sentence, and numbers in words such as GluN2B."""
    found = (match[0] for match in re.finditer(r"(?<![.!?:] )(?<!^)(?<![“\"])\b[A-Z][\w’'-]*", text))
    return Counter(name.replace("’s", "").replace("'s", "") for name in found)


def _speakers(text: str) -> set[str]:
    """Return the capitalized words near a word of saying."""
    words = [match[0] for match in WORD.finditer(text)]
    near = (words[max(0, at - 3) : at + 4] for at, word in enumerate(words) if word.lower() in SAYING)
    return {word for word in chain.from_iterable(near) if word[0].isupper() and word.lower() not in FUNCTION_WORDS}


def _those(words: list[str], listed: frozenset[str]) -> Counter[str]:
    return Counter(word for word in words if word in listed)
