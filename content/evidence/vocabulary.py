"""Vocabulary of the linter: which sentences state a fact of ours, and which assert an effect. Pure.

A sentence is factual if it names one of STRONG_SUBJECTS (the drug, the brain, the illness, regulators), two of
WEAK_SUBJECTS, or a share in percent. A sentence that continues a factual one (“It lasted a week.”) is factual too,
unless it addresses the reader or the clinic. Questions and requests to ask somebody are not factual. The rule matches
words only: it can miss a fact stated without any of them.
"""

import re
from collections.abc import Sequence

from clinic.lib.advertising import is_denied

from .ledger import HEDGE
from .sentences import Sentence

STRONG_SUBJECTS = re.compile(
    r"\b(?:(?:es)?ketamine|spravato|rapamycin|midazolam|placebo|anesthe\w+|compounded|off-label|schedule i{1,3}"
    r"|FDA|DEA|REMS|regulators?|cochrane|GABA|glutamate|NMDA|AMPA|mTOR|BDNF|habenula|receptors?"
    r"|synap\w+|neuro\w+|neurons?|brains?|rats?|mice|mouse|rodents?|depress\w+|anxiety|psychiatr\w+"
    r"|mental (?:illness\w*|health|disorders?)|remission|relapse\w*|infusions?|milligrams?"
    r"|(?:19|20)\d\d trial|randomi[sz]ed|scientists?|sedation|dissociation|bladder|blood pressure|suicid\w+|lifeline"
    r"|pregnan\w+|wears? off)\b|\d ?%",
    re.IGNORECASE,
)
WEAK_SUBJECTS = re.compile(
    r"\b(?:cells?|animals?|symptoms?|respon(?:d\w*|ses?)|improve\w*|benefits?|patients|dos(?:es?|ing)|messengers?"
    r"|stud(?:y|ies|ied)|trials|evidence|experts?|side effects?|breathing|relief|approv(?:ed?|al)|drugs?)\b",
    re.IGNORECASE,
)
CONTINUES = re.compile(
    r"^[“\"]?(?:it|its|they|their|this|these|that|those|he|she|his|her|both|each|some|many|most|few|several|others)\b",
    re.IGNORECASE,
)
READER_OR_CLINIC = re.compile(r"\b(?:you|your|yours|yourself|we|us|our|ours)\b", re.IGNORECASE)
REQUEST = re.compile(
    r"^(?:Please |Then |So |And )?(?:ask|tell|talk|bring|discuss|check|read|say|write)\b", re.IGNORECASE
)
LONG_QUOTATION = re.compile(r"“[^“” ]+(?: [^“” ]+){3,}”")  # somebody else's words, held against the ledger
# A quotation with one of these words counts as an efficacy claim.
PRAISE = re.compile(r"\b(?:relief|response|helps?|heals?|improv\w+)\b", re.IGNORECASE)
# What only a claim can say of a treatment.
EFFECT = re.compile(
    r"\b(?:ketamine|esketamine|spravato|infusions?|lozenges?|the (?:drug|medicine|medication|treatment|program)"
    r"|one dose|a single dose|therapy|our (?:program|care|treatment))\b(?P<between>[^.;:!?]{0,40}?)"
    r"\b(?:lift(?:s|ed)?|eas(?:es|ed)|relie(?:ves|ved)|rebuil(?:ds|t)|re-?gr(?:ows|ew)|repairs?|restor\w+|regenerat\w+"
    r"|rewir\w+|resets?|revers(?:es|ed)|ends?|ended|works?|worked|helps?|helped|improve[sd]?|treats?|treated|reduce[sd]?"
    r"|fix(?:es|ed)|boosts?|calms?|frees?|protects?|prevents?|grows?|outperforms?|beats?|does)\b",
    re.IGNORECASE,
)
ASKED = re.compile(r"\b(?:how|whether|if|why|what|when|would|not|never|no|may|might|could|can|nor)\b", re.IGNORECASE)
PLAIN_QUESTION = re.compile(r"^\W*(?:will|does|do|can|could|is|are|may|should|what|which|who)\b", re.IGNORECASE)


def factual_sentences(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the factual sentences of one paragraph."""
    factual: list[Sentence] = []
    before_is_factual = False
    for sentence in sentences:
        own_words = LONG_QUOTATION.sub("“”", sentence.text)
        continues = before_is_factual and CONTINUES.search(sentence.text)
        on_subject = names_subject(own_words) or (continues and not READER_OR_CLINIC.search(sentence.text))
        request = REQUEST.search(sentence.text) and not asserts_effect(sentence.text)
        before_is_factual = bool(on_subject) and not request and not sentence.text.endswith("?")
        if before_is_factual:
            factual.append(sentence)
    return factual


def names_subject(text: str) -> bool:
    """Return whether `text` is on a subject of ours."""
    if STRONG_SUBJECTS.search(text):
        return True
    return len({match[0].lower() for match in WEAK_SUBJECTS.finditer(text)}) > 1


def asserts_effect(text: str) -> bool:
    """Return whether `text` says without doubt or denial that a treatment does something."""
    for match in EFFECT.finditer(text):
        before = text[max(0, match.start() - 30) : match.start()]
        doubted = ASKED.search(match["between"]) or re.search(r"\b(?:how|whether|if|why)\W+$", before, re.IGNORECASE)
        if not doubted and not is_denied(text, match.start()) and not HEDGE.search(text):
            return True
    return False
