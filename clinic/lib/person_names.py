"""Comparison of people's names: nicknames, titles, accents, other scripts, order, initials, slips of the pen.

Nicknames are data (`nicknames.csv`), so are the surnames too common to tell anything (`common_surnames.txt`).
"""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import permutations
from pathlib import Path

from .text_folding import fold

_TITLES = (
    "aprn bsn capt captain col cpa crna dd dds dipl dmd dnp doctor dpt dr dvm edd esq fnp fr frau gen herr hon "
    "imam ing jd lady lcsw lmft lpc lt madam maj mba md miss mlle mme mr mrs ms msn msw mx np pa pharmd phd prof "
    "professor psyd rabbi rev rn rph sgt sir sr sra srta"
)
TITLES = frozenset(_TITLES.split())
# “Ph.D.”, “D.D.S.”: joined when they follow a name; initials such as “T.J.” are no degrees.
DOTTED = re.compile(r"(?<=[\s,])(?:[A-Za-z]{1,2}\.){2,4}")
MEN, WOMEN = frozenset({"mr", "sir", "herr"}), frozenset({"mrs", "ms", "miss", "mme", "mlle", "frau", "sra", "srta"})
SUFFIXES = {
    "jr": "jr",
    "junior": "jr",
    "sr": "sr",
    "senior": "sr",
    "ii": "ii",
    "iii": "iii",
    "iv": "iv",
    "2nd": "ii",
    "3rd": "iii",
}
_PARTICLES = "al bin da das de del den der di do dos du e el ibn la las le los ten ter van von y"
PARTICLES = frozenset(_PARTICLES.split())
ABJAD = re.compile("[\u0590-\u05ff\u0600-\u06ff]")  # Hebrew and Arabic write few vowels
NAME_LENGTH_FOR_SLIP = 5  # letters: one slip in “Jan” or “Dana” makes another name


class NameMatch(enum.IntEnum):
    """How alike two names are."""

    DIFFERENT = 0
    FAMILY = 1  # one surname, two given names
    SURNAME_CHANGED = 2  # one given name, two surnames
    GENERATION = 3  # father and son: only one is “Jr.”
    MIDDLE_NAME = 4  # one is called by the middle name of the other
    NEAR = 5  # a nickname, an initial, a slip, another script, a second surname
    SAME = 6


@dataclass(frozen=True)
class PersonName:
    """A name in ASCII and lower case: `given` (all but the last word) and `surname`, less titles and particles."""

    words: tuple[str, ...]
    suffix: str = ""

    @property
    def given(self) -> str:
        return self.words[0] if self.words else ""

    @property
    def surname(self) -> str:
        return self.words[-1] if len(self.words) > 1 else ""

    @cached_property
    def key(self) -> str:
        """What two spellings of one name share, whatever the order of its words."""
        return " ".join(sorted(self.words)) + f"|{self.suffix}"

    @property
    def is_common(self) -> bool:
        """Return whether many people are called so."""
        return len(self.words) < 2 or bool({*self.words} & _common_surnames())

    @property
    def is_rare(self) -> bool:
        """Return whether the surname is rare enough for the full name to say something."""
        return len(self.words) > 1 and len(self.surname) > 4 and not {*self.words} & _common_surnames()


@lru_cache(maxsize=65536)
def name_key(name: str) -> str:
    """Return given name and surname as most spellings of one person’s name share them, in alphabetical order.

    Nicknames stand for the full name, middle names are left out: `chu william` for “Bill Chu” and “Chu, William T.”
    """
    words = parse_name(name).words
    return " ".join(sorted(_full_given_name(word) for word in {words[0], words[-1]})) if words else ""


@lru_cache(maxsize=65536)
def parse_name(name: str) -> PersonName:
    """Return the comparable form of a name; “Last, First” is turned round."""
    if "." in name:
        name = DOTTED.sub(_joined_degree, name)
    last, comma, first = name.partition(",")
    behind = fold(first).split()
    turned = comma and not (behind and all(word in SUFFIXES or word in TITLES for word in behind))
    words = fold(f"{first} {last}" if turned else f"{last} {first}" if comma else name).split()
    suffix = next((SUFFIXES[word] for word in words[1:] if word in SUFFIXES), "")
    kept = [word for word in words if word not in SUFFIXES and word not in TITLES] or words
    less = [word for word in kept if word not in PARTICLES]
    return PersonName(tuple(less if len(less) > 1 else kept), suffix)


def _joined_degree(found: re.Match[str]) -> str:
    letters = found[0].replace(".", "")
    return letters if letters.lower() in TITLES else found[0]


def compare_names(one: str, other: str) -> NameMatch:
    """Return how alike two names are."""
    first, second = parse_name(one), parse_name(other)
    if not first.words or not second.words:
        return NameMatch.DIFFERENT
    other_script = ABJAD.search(one) or ABJAD.search(other)
    if other_script and first.words != second.words and _consonants(first) == _consonants(second):
        return NameMatch.NEAR
    if first.suffix and second.suffix and first.suffix != second.suffix:
        return NameMatch.FAMILY
    if _man_and_woman(one, other):
        return NameMatch.FAMILY if first.words[-1] == second.words[-1] else NameMatch.DIFFERENT
    match = _compare_words(first, second)
    if match >= NameMatch.NEAR and first.suffix != second.suffix:
        return NameMatch.GENERATION
    return match


def _man_and_woman(one: str, other: str) -> bool:
    """Return whether one is “Mr.” and the other “Mrs.”."""
    words = [{*fold(name).split()[:3]} for name in (one, other)]
    return any(mine & MEN and theirs & WOMEN and not mine & WOMEN for mine, theirs in (words, words[::-1]))


def _consonants(name: PersonName) -> list[str]:
    """Return the words without vowels and doubled letters, sorted: `mhmd` for Mohammad."""
    bare = (re.sub(r"[aeiouwy]", "", word.replace("kh", "h").replace("ph", "f")) for word in name.words)
    return sorted(re.sub(r"(.)\1+", r"\1", word) for word in bare)


def _compare_words(first: PersonName, second: PersonName) -> NameMatch:
    if sorted(first.words) == sorted(second.words):
        return NameMatch.SAME
    if len(first.words) == 1 or len(second.words) == 1:
        return _compare_single(first, second)
    if _same_letters(first.words, second.words):
        return NameMatch.NEAR
    for turned in (second, PersonName((second.words[-1], *second.words[:-1]), second.suffix)):
        given = same_given(first.given, turned.given) or _initials_match(first.words, turned.words)
        surname = same_surname(first, turned)
        if given and surname:
            return NameMatch.NEAR
    if first.surname == second.surname and _is_middle_name(first, second):
        return NameMatch.MIDDLE_NAME
    if same_given(first.given, second.given):
        return NameMatch.SURNAME_CHANGED
    return NameMatch.FAMILY if same_surname(first, second) else NameMatch.DIFFERENT


def _is_middle_name(first: PersonName, second: PersonName) -> bool:
    """Return whether one is called by a middle name of the other: Tyler Bancroft, James Tyler Bancroft."""
    return any(
        len(mine.given) > 1 and mine.given in theirs.words[1:-1] for mine, theirs in ((first, second), (second, first))
    )


def _compare_single(first: PersonName, second: PersonName) -> NameMatch:
    """Compare when one name is a single word: it may be the given name alone, or both without a space."""
    if _same_letters(first.words, second.words):
        return NameMatch.NEAR
    short, long = sorted((first, second), key=lambda name: len(name.words))
    if same_given(short.given, long.given):
        return NameMatch.NEAR if len(long.words) == 1 else NameMatch.SURNAME_CHANGED
    return NameMatch.FAMILY if short.given == long.surname else NameMatch.DIFFERENT


def same_given(one: str, other: str) -> bool:
    """Return whether two given names can be one person's: equal, nickname, initial, or one slip in a longer name."""
    if one == other:
        return True
    if 1 in (len(one), len(other)):
        return one[:1] == other[:1]
    groups = _nicknames()
    if groups.get(one, frozenset()) & groups.get(other, frozenset()):
        return True
    if one in groups and other in groups:  # two names of their own: Marie and Maria, Daniel and Daniela
        return False
    return _one_slip(one, other) and not _other_gender(one, other)


def same_surname(first: PersonName, second: PersonName) -> bool:
    """Return whether the surnames are one: equal, one slip, or one part of a double surname (Roth, Roth-Adler)."""
    one, other = first.surname, second.surname
    if one == other or _one_slip(one, other):
        return True
    mine, theirs = set(first.words[1:]), set(second.words[1:])
    return mine < theirs or theirs < mine


def _initials_match(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether one has initials only where the other has names: T. J. Marsh, Thomas James Marsh."""
    pairs = list(zip(one[:-1], other[:-1], strict=False))
    return all(a == b or (1 in (len(a), len(b)) and a[0] == b[0]) for a, b in pairs)


def _same_letters(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether the words are equal when written together, in any order: 李雷 (LiLei), Lei Li."""
    if max(len(one), len(other)) > 4:
        return False
    return any("".join(order) == "".join(other) for order in permutations(one)) or any(
        "".join(order) == "".join(one) for order in permutations(other)
    )


def _other_gender(one: str, other: str) -> bool:
    """Return whether only the last letter differs as it does between Carlo and Carla, Eric and Erica."""
    if len(one) == len(other):
        return one[:-1] == other[:-1] and {one[-1], other[-1]} <= set("aeoi")
    short, long = sorted((one, other), key=len)
    return long in (short + "a", short + "e", short + "o", short + "i")


@lru_cache(maxsize=16384)
def _one_slip(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= NAME_LENGTH_FOR_SLIP and edit_distance_at_most_one(one, other)


def edit_distance_at_most_one(one: str, other: str) -> bool:
    """Return whether one insertion, deletion, substitution or swap of neighbors turns `one` into `other`."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    swapped = len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped


@cache
def _nicknames() -> Mapping[str, frozenset[int]]:
    """Return name → numbers of its groups."""
    groups: dict[str, set[int]] = {}
    for number, line in enumerate((Path(__file__).parent / "nicknames.csv").read_text().splitlines()):
        for name in [] if line.startswith("#") else line.split(","):
            groups.setdefault(name.strip(), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in groups.items()}


def _full_given_name(name: str) -> str:
    """Return the full name that a nickname stands for, or `name`; where it may be of several, always the same one."""
    return _full_names().get(name, name)


@cache
def _full_names() -> Mapping[str, str]:
    """Return name → the first of the group in which it stands furthest to the front."""
    lines = (Path(__file__).parent / "nicknames.csv").read_text().splitlines()
    found: dict[str, tuple[int, str]] = {}
    for group in (line.split(",") for line in lines if not line.startswith("#")):
        for place, name in enumerate(group):
            found[name] = min(found.get(name, (place, group[0])), (place, group[0]))
    return {name: full for name, (_, full) in found.items()}


@cache
def _common_surnames() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "common_surnames.txt").read_text().split())
