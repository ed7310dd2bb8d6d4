"""Lint rules that hold a sentence against the claims it carries: numbers, subject, polarity, quantifiers. Pure."""

import datetime as dt
import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from . import vocabulary
from .findings import Finding, Rule
from .ledger import DOUBT, HEDGE, Ledger
from .markup import Document
from .meaning import NEGATIONS, word_set, words_of
from .quantities import Quantity, find_quantities
from .sentences import Sentence

SMALL_COUNT = 12  # a bare number up to this counts things of the text: “two groups”, “Steps 2 to 4”
UNIVERSAL = re.compile(r"\b(?:all|every|everyone|everybody|always|invariably|anyone|anybody)\b", re.IGNORECASE)
NEGATION_REACH = 4  # words
COMMON = word_set(
    "the a an and or of in on at to for by with from as is are was were be been it its this that these those"
    " they their he she his her one two some more most any other than then so but when who which what how had"
    " has have do does did not no ketamine esketamine spravato people patients drug drugs it's can may will"
    " after before later day days"
)
# Words whose polarity a claim fixes; the others are negated in too many ways.
PREDICATES = re.compile(
    r"^(?:approv|better|respond|benefit|evaluat|require|work|help|improv|block|know|show|safe|pass|differ|prov|cause|stop"
    r"|add|match|last|clear|signific|cover|warn|limit|start|begin|prevent|agree|settl)"
)


def numbers_stand_in_claims(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require every number of a sentence, with its unit, in one of its claims."""
    for sentence in _carrying(document):
        allowed = _allowed(sentence, ledger)
        for quantity in find_quantities(sentence.text):
            if not _is_count(quantity) and not _stands_in(quantity, allowed):
                message = f"“{quantity.words}” stands in no claim of “{sentence.text}”"
                yield Finding(sentence.line, message, Rule.NUMBER)


def _allowed(sentence: Sentence, ledger: Ledger) -> set[tuple[Fraction, str]]:
    """Return the quantities of the sentence's claims, the months and years of their dates, and the sources' years."""
    allowed: set[tuple[Fraction, str]] = set()
    for key in sentence.claims:
        claim = ledger.claims[key]
        allowed |= _quantities_of(claim.text)
        allowed |= {(Fraction(source.year), "year") for source in ledger.evidence_of(claim) if source.year}
    for value, kind in list(allowed):
        if kind == "date" and value > 10000:
            year, day = divmod(int(value), 10000)
            allowed |= {(Fraction(year), "year"), (Fraction(year * 12 + day // 100), "month"), (Fraction(day), "date")}
        elif kind == "month":
            allowed.add((Fraction((int(value) - 1) // 12), "year"))
    return allowed


@lru_cache(maxsize=1024)  # claims, which many sentences carry
def _quantities_of(claim: str) -> frozenset[tuple[Fraction, str]]:
    return frozenset(quantity.key for quantity in find_quantities(claim))


def _is_count(quantity: Quantity) -> bool:
    return quantity.value <= (
        SMALL_COUNT if quantity.kind == "" else 3 if quantity.kind in ("doses", "studies") else -1
    )


def _stands_in(quantity: Quantity, allowed: set[tuple[Fraction, str]]) -> bool:
    return quantity.key in allowed or (quantity.kind == "" and any(value == quantity.value for value, _ in allowed))


def claims_fit(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require a sentence to share a word with its claims, beside the drug and the people."""
    for sentence in _carrying(document):
        stated = _stems(sentence.text) if vocabulary.names_subject(sentence.text) else frozenset()
        behind = frozenset[str]().union(*(_stems(ledger.claims[key].text) for key in sentence.claims))
        if stated and not stated & behind:
            message = f"claim “{sentence.claims[0]}” says nothing of “{sentence.text}”"
            yield Finding(sentence.line, message, Rule.UNFIT)


def polarity_kept(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require a predicate that all claims deny to be denied, and one that all affirm to be affirmed."""
    for sentence in _carrying(document):
        stated = _polarities(sentence.text)
        behind = _polarities(" . ".join(ledger.claims[key].text for key in sentence.claims))
        for stem, polarities in stated.items():
            if stem in behind and not polarities & behind[stem]:
                claims = ", ".join(sentence.claims)
                verb = "denies" if behind[stem] == {False} else "affirms"
                yield Finding(sentence.line, f"claim “{claims}” {verb} it: “{sentence.text}”", Rule.POLARITY)
                break


def quantifiers_kept(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require a claim that says “all”, “every” or “never” behind a sentence that does."""
    for sentence in _carrying(document):
        match = next(_universals(sentence.text), None)
        if match:
            behind = " ".join(ledger.claims[key].text for key in sentence.claims)
            if not any(_universals(behind)):
                message = f"“{match[0]}” stands in no claim of “{sentence.text}”"
                yield Finding(sentence.line, message, Rule.QUANTIFIER)


def _universals(text: str) -> Iterator[re.Match[str]]:
    """Yield “all”, “every” and the like, but no denied ones (“not everyone”) and no “at all” or “in all”."""
    for match in UNIVERSAL.finditer(text):
        before = words_of(text[max(0, match.start() - 30) : match.start()])[-NEGATION_REACH:]
        if not any(word in NEGATIONS for word in before) and before[-1:] not in (["at"], ["in"]):
            yield match


def hedging_kept(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require doubt in a sentence where the part of the claim that it tells is in doubt."""
    for sentence in _carrying(document):
        hedged = [key for key in sentence.claims if _is_in_doubt(ledger.claims[key].text, sentence.text)]
        if hedged and not HEDGE.search(sentence.text):
            message = f"claim “{hedged[0]}” is in doubt, and this sentence is not: “{sentence.text}”"
            yield Finding(sentence.line, message, Rule.HEDGE)


def _is_in_doubt(claim: str, sentence: str) -> bool:
    """Return whether the sentences of a claim that share most with `sentence` are all in doubt."""
    stated = _stems(sentence)
    shared = {part: len(_stems(part) & stated) for part in re.split(r"(?<=\.)\s+(?=[A-Z])", claim)}
    most = max(shared.values())
    return all(DOUBT.search(part) for part, count in shared.items() if count == most)


def _carrying(document: Document) -> Iterator[Sentence]:
    for passage in document.passages:
        yield from (sentence for sentence in passage.sentences if sentence.claims)


@lru_cache(maxsize=1024)
def _stems(text: str) -> frozenset[str]:
    return frozenset(word.rstrip("s")[:5] for word in words_of(text) if word not in COMMON and len(word) > 2)


@lru_cache(maxsize=1024)
def _polarities(text: str) -> dict[str, set[bool]]:
    """Return whether each predicate is affirmed (True) or denied (False), by its stem."""
    found: dict[str, set[bool]] = {}
    for clause in re.split(r"[.;:!?]|, (?:and|but|while)\b|\b(?:but|while)\b", text):
        words = words_of(clause)
        for index, word in enumerate(words):
            if stem := PREDICATES.match(word):
                near = words[max(0, index - NEGATION_REACH) : index]
                found.setdefault(stem[0], set()).add(not any(each in NEGATIONS for each in near))
    return found
