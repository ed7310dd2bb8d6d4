"""The rules, each a function from a document, its ledger and the day to findings. Pure."""

import datetime as dt
from collections.abc import Callable, Iterator

from . import quotation_check, vocabulary
from .findings import Finding, Rule
from .ledger import ANIMALS, HEDGE, EvidenceType, Ledger, Topic, review_by
from .markup import Document
from .sentences import Passage, Sentence


def unsourced(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """A sentence that states a fact carries a claim, or the reason why it needs none."""
    for passage in document.passages:
        for sentence in vocabulary.is_factual(passage.sentences) if not passage.quoted and not passage.heading else []:
            if not sentence.claims and not sentence.exempt:
                yield Finding(sentence.line, f"no claim behind the fact “{sentence.text}”", Rule.UNSOURCED)


def claims_complete(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Claims in use have a source and a kind of evidence, and were checked in time. Told where each is first used."""
    for key, line in _first_uses(document).items():
        claim = ledger.claims[key]
        if not claim.sources:
            yield Finding(line, f"claim “{key}” has no source", Rule.CLAIM_SOURCE)
        if claim.evidence_type not in EvidenceType.values:
            yield Finding(line, f"claim “{key}” has no kind of evidence", Rule.CLAIM_KIND)
        elif (due := review_by(claim.evidence_type, claim.checked_on)) < today:
            yield Finding(line, f"claim “{key}” was to be checked again by {due}", Rule.OVERDUE)


def animal_studies_named(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """A sentence with nothing but studies in animals behind it says in which."""
    for sentence in _sentences(document):
        kinds = {ledger.claims[key].evidence_type for key in sentence.claims}
        if kinds and kinds <= ANIMALS.keys():
            for kind in sorted(kinds):
                if not ANIMALS[EvidenceType(kind)].search(sentence.text):
                    said = f"this rests on a {EvidenceType(kind).label} alone and does not say so: “{sentence.text}”"
                    yield Finding(sentence.line, said, Rule.ANIMALS)


def hedging_kept(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Where a claim doubts, its sentence does."""
    for sentence in _sentences(document):
        doubted = [key for key in sentence.claims if ledger.claims[key].hedged]
        if doubted and not HEDGE.search(sentence.text):
            said = f"claim “{doubted[0]}” is in doubt, and this sentence is not: “{sentence.text}”"
            yield Finding(sentence.line, said, Rule.HEDGE)


def risks_balanced(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """A page that says “it helps”, in our words or another’s, says the rest too."""
    uses = _first_uses(document)
    topics = {topic for key in uses for topic in ledger.claims[key].topics}
    lines = [line for key, line in uses.items() if Topic.EFFICACY in ledger.claims[key].topics]
    lines += [line for _, line, key in document.quotations if vocabulary.PRAISE.search(ledger.quotations[key].text)]
    for topic in Topic if lines else []:
        if topic not in topics and topic != Topic.EFFICACY:
            yield Finding(min(lines), f"the page says that it helps, and nowhere {topic.label}", Rule.ONE_SIDED)


def speakers(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """The sentence that leads to a quotation block gives it to nobody but its speaker, whom the block names."""
    for section, line, key in document.quotations:
        before = [sentence for sentence in _sentences(document) if section.line < sentence.line < line]
        if before:
            yield from quotation_check.check_attribution(
                before[-1].text, before[-1].line, ledger.quotations[key], named=False
            )


def quotations_and_promotion(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Prose, headings and titles of blocks quote exactly and do not advertise."""
    titles = [(section.heading, section.line) for section in document.sections]
    titles += [(block.argument, block.line) for section in document.sections for block in section.blocks]
    for passage in [*document.passages, *(Passage(text, ((0, line),)) for text, line in titles)]:
        yield from promotional_wording(passage, ledger)


def promotional_wording(passage: Passage, ledger: Ledger) -> Iterator[Finding]:
    """What is wrong with the words of one passage, or of a title or summary: quotations, advertising."""
    findings, own = quotation_check.check_quotations(passage, ledger)
    yield from findings
    for match in vocabulary.PROMOTION.finditer(own):
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
    """The keys of the claims in use, each with the line of its first."""
    uses: dict[str, int] = {}
    for sentence in _sentences(document):
        for key in sentence.claims:
            uses.setdefault(key, sentence.line)
    return uses
