"""Lint rules: functions from a document, the ledger and today to findings. Pure."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator

from clinic.lib.advertising import find_advertising

from . import claim_rules, quotation_check, topics, vocabulary
from .findings import Finding, Rule
from .ledger import ANIMAL_WORDS, SPECIES, EvidenceType, Ledger, Topic, review_by
from .markup import Document
from .quantities import find_quantities
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
        elif claim.checked_on and (due := review_by(kinds, claim.checked_on)) < today:
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


def risks_balanced(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require every topic, in words, on a page that claims or quotes efficacy."""
    uses = _first_uses(document)
    lines = [line for key, line in uses.items() if Topic.EFFICACY in ledger.claims[key].topics]
    lines += [line for _, line, key in document.quotations if vocabulary.PRAISE.search(ledger.quotations[key].text)]
    for topic in Topic if lines else []:
        if topic != Topic.EFFICACY and not topics.covers(topic, _sentences_about(document, ledger, topic)):
            yield Finding(min(lines), f"the page says that it helps, and nowhere {topic.label}", Rule.ONE_SIDED)


def _sentences_about(document: Document, ledger: Ledger, topic: Topic) -> str:
    """Return the sentences whose claims are about `topic`."""
    about = {key for key in document.claim_keys if topic in ledger.claims[key].topics}
    return " ".join(sentence.text for sentence in _sentences(document) if about & set(sentence.claims))


def speakers(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Reject another speaker in the sentence before a quotation block."""
    for section, line, key in document.quotations:
        before = [sentence for sentence in _sentences(document) if section.line < sentence.line < line]
        if before:
            yield from quotation_check.check_lead_in(before[-1].text, before[-1].line, ledger.quotations[key])


def exempt_marks_carry_no_fact(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Reject an exemption on a sentence that says what a treatment does."""
    for sentence in _sentences(document):
        if sentence.exempt and vocabulary.asserts_effect(sentence.text):
            message = f"“{sentence.exempt}” excuses no fact such as “{sentence.text}”"
            yield Finding(sentence.line, message, Rule.EXEMPT)


def titles_state_no_fact(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Reject effects and shares in headings, titles of blocks, and questions, which carry no claim."""
    for text, line in _titles(document):
        yield from check_title(text, line)
    for passage in document.passages:
        for sentence in passage.sentences:
            if passage.heading or (sentence.text.endswith("?") and not sentence.claims):
                yield from check_title(sentence.text, sentence.line)


def check_title(text: str, line: int = 0) -> Iterator[Finding]:
    """Reject an effect or a share of people in a text that can carry no claim."""
    if vocabulary.PLAIN_QUESTION.search(text) and text.rstrip().endswith("?"):
        return
    shares = [quantity for quantity in find_quantities(text) if quantity.kind in ("percent", "part")]
    share_of_people = shares and vocabulary.names_subject(text.replace("%", ""))
    if vocabulary.asserts_effect(text) or share_of_people or PRESUMES.search(text):
        yield Finding(line, f"a title or summary carries no claim, so it states no fact such as “{text}”", Rule.TITLE)


PRESUMES = re.compile(
    r"\b(?:why|how (?:fast|quickly|soon|well|much better)) (?:does|do|will|is|are|can)\b[^?]{0,60}"
    r"\b(?:ketamine|treatment|infusions?|therapy)\b[^?]{0,60}\b(?:work|help|lift|ease|heal|relieve|improve|safe|cure|end)",
    re.IGNORECASE,
)


def quotations_and_promotion(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Check quotations and promotion in prose, headings and block titles."""
    for passage in [*document.passages, *(Passage(text, ((0, line),)) for text, line in _titles(document))]:
        yield from check_wording(passage, ledger)


def quotations_led_in(document: Document, ledger: Ledger, today: dt.date) -> Iterator[Finding]:
    """Require the paragraph before a block quotation (`>`) to name its speaker."""
    for before, passage in zip([None, *document.passages], document.passages, strict=False):
        if passage.quoted and (entry := quotation_check.exact_match(passage.text, ledger)):
            lead_in = before.text if before and not before.quoted else ""
            named = quotation_check.names_speaker(f"{lead_in} {passage.text}", entry.speaker)
            if not named and not quotation_check.PRONOUN_SPEAKER.search(lead_in):
                message = f"“{entry.key}” is not said to be {entry.speaker}’s"
                yield Finding(passage.line, message, Rule.SPEAKER)


def check_wording(passage: Passage, ledger: Ledger) -> Iterator[Finding]:
    """Check quotations, promotional words and odd characters of one passage, title or summary."""
    findings, own_words = quotation_check.check_quotations(passage, ledger)
    yield from findings
    for found in find_advertising(own_words):
        yield Finding(passage.line_at(found.start), f"“{found.words}” advertises", Rule.PROMOTION)
    if match := ODD_CHARACTERS.search(passage.text):
        message = f"“{_word_at(passage.text, match.start())}” has invisible characters or letters of another script"
        yield Finding(passage.line_at(match.start()), message)


# Invisible characters, and words that mix Latin with Greek or Cyrillic letters: both hide words from every rule.
ODD_CHARACTERS = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
    "|[A-Za-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][A-Za-z]"
)


def _word_at(text: str, at: int) -> str:
    start = text.rfind(" ", 0, at) + 1
    return text[start : start + 40].split(" ")[0]


RULES: tuple[Callable[[Document, Ledger, dt.date], Iterator[Finding]], ...] = (
    unsourced,
    exempt_marks_carry_no_fact,
    titles_state_no_fact,
    claim_rules.numbers_stand_in_claims,
    claim_rules.claims_fit,
    claim_rules.polarity_kept,
    claim_rules.quantifiers_kept,
    claims_complete,
    animal_studies_named,
    claim_rules.hedging_kept,
    risks_balanced,
    speakers,
    quotations_led_in,
    quotations_and_promotion,
)


def _titles(document: Document) -> Iterator[tuple[str, int]]:
    """Yield the headings and block titles of a text with their lines."""
    for section in document.sections:
        yield section.heading, section.line
        yield from ((block.argument, block.line) for block in section.blocks if block.kind != "quotation")


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
