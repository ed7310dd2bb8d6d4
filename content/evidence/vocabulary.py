"""Vocabulary of the linter: factual, promotional and efficacy words. Pure.

A sentence is factual if it has a word of CLAIM_SUBJECTS: the drug, the brain, the illness, studies, regulators. A
sentence that continues a factual one (“It lasted a week.”) is factual too, unless it addresses the reader or the
clinic. Questions are not factual. The rule matches words only: it can miss a fact stated without any of them, and it
requires a mark on advice that names the drug.
"""

import re
from collections.abc import Sequence

from .sentences import Sentence

CLAIM_SUBJECTS = re.compile(
    r"\b(?:(?:es)?ketamine|spravato|rapamycin|midazolam|placebo|anesthe\w+|compounded|off-label|schedule i{1,3}"
    r"|FDA|DEA|REMS|regulators?|approv(?:ed?|al)|cochrane|GABA|glutamate|NMDA|AMPA|mTOR|BDNF|habenula|receptors?"
    r"|synap\w+|neuro\w+|neurons?|brains?|cells?|rats?|mice|mouse|rodents?|animals?|depress\w+|anxiety|psychiatr\w+"
    r"|mental (?:illness\w*|health|disorders?)|symptoms?|remission|relapse\w*|respon(?:d\w*|ses?)|improve\w*|benefits?"
    r"|patients|infusions?|dos(?:es?|ing)|milligrams?|messengers?"
    r"|stud(?:y|ies|ied)|trials|(?:19|20)\d\d trial|randomi[sz]ed|evidence|experts?|scientists?|side effects?"
    r"|sedation|dissociation|bladder|blood pressure|breathing|suicid\w+|lifeline|wears? off|relief)\b|\d ?%",
    re.IGNORECASE,
)
CONTINUES = re.compile(
    r"^[“\"]?(?:it|its|they|their|this|these|that|those|he|she|his|her|both|each|some|many|most|few|several|others)\b",
    re.IGNORECASE,
)
READER_OR_CLINIC = re.compile(r"\b(?:you|your|yours|yourself|we|us|our|ours)\b", re.IGNORECASE)
PROMOTION = re.compile(
    r"\b(?:breakthroughs?|miracles?|miraculous\w*|cur(?:e|es|ed|ing)|wonder drugs?|magic(?:al)?|game.?chang\w+"
    r"|revolution(?:ary|iz\w+)|life.chang\w+|unprecedented|risk.free|no side effects|safe and effective|proven"
    r"|guaranteed? (?:relief|results?|recovery|success|to (?:work|help))|(?:immediate|instant|permanent|lasting) relief"
    r"|works for (?:everyone|everybody|all)|will (?:help|heal|cure|fix|work for) you|instantly|once and for all)\b",
    re.IGNORECASE,
)
# A quotation with one of these words counts as an efficacy claim.
PRAISE = re.compile(r"\b(?:relief|response|helps?|heals?|improv\w+)\b", re.IGNORECASE)


def factual_sentences(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the factual sentences of one paragraph."""
    factual: list[Sentence] = []
    for previous, sentence in zip([None, *sentences], sentences, strict=False):
        on_subject = CLAIM_SUBJECTS.search(sentence.text)
        continues = (
            previous in factual and CONTINUES.search(sentence.text) and not READER_OR_CLINIC.search(sentence.text)
        )
        if (on_subject or continues) and not sentence.text.endswith("?"):
            factual.append(sentence)
    return factual
