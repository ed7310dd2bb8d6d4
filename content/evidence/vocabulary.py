"""Which sentences state something that needs a source, and words that none may use. Pure.

A sentence is factual when it names one of our SUBJECTS: the drug, the brain, the illness, studies, regulators. One that
goes on about the sentence before (“It lasted a week.”) is factual with it, unless it turns to the reader or the clinic.
Questions are not. This is a rule about words: it can miss a fact told without any of them, and it asks for a mark on
advice that names the drug.
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
# A quotation in these words says that it helps, whoever says it.
PRAISE = re.compile(r"\b(?:relief|response|helps?|heals?|improv\w+)\b", re.IGNORECASE)


def is_factual(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Those of one paragraph's sentences that state a fact on our subjects."""
    found: list[Sentence] = []
    for before, sentence in zip([None, *sentences], sentences, strict=False):
        on_subject = CLAIM_SUBJECTS.search(sentence.text)
        goes_on = before in found and CONTINUES.search(sentence.text) and not READER_OR_CLINIC.search(sentence.text)
        if (on_subject or goes_on) and not sentence.text.endswith("?"):
            found.append(sentence)
    return found
