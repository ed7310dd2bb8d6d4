"""Lint rules: functions from a document, the ledger and today to findings. Pure."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

from . import quotation_check, vocabulary
from .findings import Finding, Rule
from .ledger import ANIMAL_WORDS, HEDGE, SPECIES, EvidenceType, Ledger, Topic, review_by
from .markup import Document
from .sentences import Passage, Sentence


def unsourced(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require a claim or an exemption on every factual sentence."""
    for passage in document.passages:
        for sentence in (
            vocabulary.factual_sentences(passage.sentences) if not passage.quoted and not passage.heading else []
        ):
            if not sentence.claims and not sentence.exempt:
                yield Finding(sentence.line, f"no claim behind the fact “{sentence.text}”", Rule.UNSOURCED)


def claims_complete(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require a source, an evidence type and a timely check of every used claim.

    Findings are at the first use.
    """
    for key, line in _first_uses(document).items():
        claim = ledger.claims[key]
        if not claim.sources:
            yield Finding(line, f"claim “{key}” has no source", Rule.CLAIM_SOURCE)
        kinds = [source.evidence_type for source in ledger.evidence_of(claim)]
        if any(kind not in EvidenceType.values for kind in kinds):
            yield Finding(line, f"a source of claim “{key}” has no kind of evidence", Rule.CLAIM_KIND)
        elif (due := review_by(kinds, claim.checked_on)) < today:
            yield Finding(line, f"claim “{key}” was to be checked again by {due}", Rule.OVERDUE)


def animal_studies_named(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require a sentence to name an animal of each claim that rests on animals, and no other."""
    for sentence in _sentences(document):
        studies = [animal_kinds(sentence.sources_of(ledger.claims[key]), ledger) for key in sentence.claims]
        unsaid = [kinds for kinds in studies if kinds and not any(_names(kind, sentence.text) for kind in kinds)]
        if unsaid:
            label = EvidenceType(min(unsaid[0])).label
            message = f"this rests on a {label} and does not say so: “{sentence.text}”"
            yield Finding(sentence.line, message, Rule.ANIMALS)
        elif sentence.claims and (others := _unstudied(sentence, set().union(*studies), ledger)):
            yield Finding(sentence.line, f"no {others[0].label} is behind “{sentence.text}”", Rule.ANIMALS)


def _names(kind: EvidenceType, text: str) -> bool:
    return bool(ANIMAL_WORDS[kind].search(text))


def _unstudied(sentence: Sentence, studied: set[EvidenceType], ledger: Ledger) -> list[EvidenceType]:
    """Return the animals that a sentence names and no claim of it rests on or names."""
    behind = " ".join(ledger.claims[key].text for key in sentence.claims)
    named = [kind for kind, words in SPECIES.items() if words.search(sentence.text) and not words.search(behind)]
    return [kind for kind in named if not studied & {kind, EvidenceType.RODENTS}]


def animal_kinds(sources: Iterable[str], ledger: Ledger) -> set[EvidenceType]:
    """Return the kinds of animal studies among these sources."""
    kinds = {ledger.sources[key].evidence_type for key in sources if key in ledger.sources}
    return {EvidenceType(kind) for kind in kinds & ANIMAL_WORDS.keys()}


def hedging_kept(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require hedging in a sentence with a hedged claim."""
    for sentence in _sentences(document):
        hedged = [key for key in sentence.claims if ledger.claims[key].is_hedged]
        if hedged and not HEDGE.search(sentence.text):
            message = f"claim “{hedged[0]}” is in doubt, and this sentence is not: “{sentence.text}”"
            yield Finding(sentence.line, message, Rule.HEDGE)


def risks_balanced(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require every topic on a page that claims or quotes efficacy."""
    uses = _first_uses(document)
    topics = {topic for key in uses for topic in ledger.claims[key].topics}
    lines = [line for key, line in uses.items() if Topic.EFFICACY in ledger.claims[key].topics]
    lines += [line for _, line, key in document.quotations if vocabulary.PRAISE.search(ledger.quotations[key].text)]
    for topic in Topic if lines else []:
        if topic not in topics and topic != Topic.EFFICACY:
            yield Finding(min(lines), f"the page says that it helps, and nowhere {topic.label}", Rule.ONE_SIDED)


def speakers(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Reject another speaker in the sentence before a quotation block."""
    for section, line, key in document.quotations:
        before = [sentence for sentence in _sentences(document) if section.line < sentence.line < line]
        if before:
            yield from quotation_check.check_attribution(
                before[-1].text, before[-1].line, ledger.quotations[key], named=False
            )


def quotations_and_promotion(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Check quotations and promotion in prose, headings and block titles."""
    titles = [(section.heading, section.line) for section in document.sections]
    titles += [(block.argument, block.line) for section in document.sections for block in section.blocks]
    for passage in [*document.passages, *(Passage(text, ((0, line),)) for text, line in titles)]:
        yield from check_wording(passage, ledger)


def check_wording(passage: Passage, ledger: Ledger) -> Iterator[Finding]:
    """Check quotations and promotional words of one passage, title or summary."""
    findings, own_words = quotation_check.check_quotations(passage, ledger)
    yield from findings
    for match in vocabulary.PROMOTION.finditer(own_words):
        yield Finding(passage.line_at(match.start()), f"“{match[0]}” advertises", Rule.PROMOTION)


RULES: tuple[Callable[[Document, Ledger, dt.date], Iterator[Finding]], ...] = (
    unsourced,
    claims_complete,
    animal_studies_named,
    hedging_kept,
    risks_balanced,
    speakers,
    quotations_and_promotion,
)


def _sentences(document: Document) -> Iterator[Sentence]:
    for passage in document.passages:
        yield from passage.sentences


def _first_uses(document: Document) -> dict[str, int]:
    """Return the keys of used claims with the line of their first use."""
    uses: dict[str, int] = {}
    for sentence in _sentences(document):
        for key in sentence.claims:
            uses.setdefault(key, sentence.line)
    return uses
