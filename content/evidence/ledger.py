"""Ledger of sources, exact quotations and claims with their evidence. Pure data."""

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from django.db.models import TextChoices

# Doubt in a claim, and what keeps it in a sentence: the same words and some weaker ones.
_DOUBT = (
    r"(?-i:may)|might|could|seems?|seemed|appear(?:s|ed)?|suggest\w*|thought to|believed to|possibl[ey]|perhaps"
    r"|(?<!less )(?<!more )(?:un)?likely|usually|typically|tends?|most often|in part"
    r"|(?:ideas?|hypothes[ie]s)(?! (?:is|are|was|were) (?:settled|proven|confirmed|right))"
    r"|not (?:yet |fully |well )*(?:settled|known|clear|shown|understood|proven|certain)|unsettled|unclear|unknown"
    r"|uncertain|open question|nobody knows|too little is known|limited(?! (?:only|just) by)"
)
_KEEPS = (
    r"often|generally|sometimes|(?:for|in) (?:most|some|many) (?:people|patients)|can|cautious\w*|certainty|too little"
)
DOUBT = re.compile(rf"\b(?:{_DOUBT})\b", re.IGNORECASE)
HEDGE = re.compile(rf"\b(?:{_DOUBT}|{_KEEPS})\b", re.IGNORECASE)


class EvidenceType(TextChoices):
    """Kind of evidence, with the label that readers see."""

    TRIAL = "trial", "randomized trial"
    HUMAN = "human", "study in people"
    META_ANALYSIS = "meta-analysis", "systematic review of trials"
    REVIEW = "review", "review by experts"
    CONSENSUS = "consensus", "statement by a group of experts"
    TEXTBOOK = "textbook", "textbook knowledge"
    PHARMACOLOGY = "pharmacology", "lab research"
    RATS = "rats", "study in rats"
    MICE = "mice", "study in mice"
    RODENTS = "rodents", "studies in rats and mice"
    REGULATORY = "regulatory", "information from a U.S. government agency"
    PUBLIC_HEALTH = "public-health", "public health agency"
    BIOGRAPHY = "biography", "biography"
    OPINION = "opinion", "one person’s opinion"
    NEWS = "news", "news story"
    COMPANY = "company", "announcement by a manufacturer"


class Topic(TextChoices):
    """Efficacy, and the topics that a page with an efficacy claim must cover."""

    EFFICACY = "efficacy", "that it helps"
    DURATION = "duration", "how long it lasts"
    NON_RESPONSE = "non-response", "that it does not help everyone"
    RISK = "risk", "what can go wrong"
    OFF_LABEL = "off-label", "that the use is off-label"
    CERTAINTY = "certainty", "how sure the research is"
    BLINDING = "blinding", "that people can tell what they were given"
    FORM = "form", "in which form it was given"


class Confidence(TextChoices):
    """Confidence in a claim."""

    HIGH = "high", "high"
    MEDIUM = "medium", "medium"
    LOW = "low", "low"


# Evidence type -> words of which a sentence must contain one.
ANIMAL_WORDS = {
    EvidenceType.RATS: re.compile(r"\b(?:rats?|rodents?|animals?)\b", re.IGNORECASE),
    EvidenceType.MICE: re.compile(r"\b(?:mice|mouse|rodents?|animals?)\b", re.IGNORECASE),
    EvidenceType.RODENTS: re.compile(r"\b(?:rats?|mice|mouse|rodents?|animals?)\b", re.IGNORECASE),
}
# Evidence type -> the animal by name.
SPECIES = {
    EvidenceType.RATS: re.compile(r"\brats?\b", re.IGNORECASE),
    EvidenceType.MICE: re.compile(r"\b(?:mice|mouse)\b", re.IGNORECASE),
}
# How much a kind of source can carry; a claim is as strong as its weakest source.
STRENGTH: dict[str, int] = {
    EvidenceType.OPINION: 0,
    EvidenceType.NEWS: 1,
    EvidenceType.COMPANY: 1,
    EvidenceType.MICE: 2,
    EvidenceType.RATS: 2,
    EvidenceType.RODENTS: 2,
    EvidenceType.PHARMACOLOGY: 2,
    EvidenceType.TEXTBOOK: 3,
    EvidenceType.BIOGRAPHY: 3,
    EvidenceType.HUMAN: 4,
    EvidenceType.REVIEW: 4,
    EvidenceType.CONSENSUS: 5,
    EvidenceType.REGULATORY: 5,
    EvidenceType.PUBLIC_HEALTH: 5,
    EvidenceType.TRIAL: 6,
    EvidenceType.META_ANALYSIS: 7,
}
# Regulations and services change sooner than trials.
REVIEW_MONTHS = {EvidenceType.REGULATORY: 6, EvidenceType.PUBLIC_HEALTH: 6}
DEFAULT_REVIEW_MONTHS = 12


@dataclass(frozen=True)
class LedgerSource:
    """A cited work: its kind of evidence and the number of people in it."""

    key: str
    evidence_type: str = ""
    sample_size: int | None = None
    title: str = ""
    year: int | None = None


@dataclass(frozen=True)
class LedgerQuotation:
    """Exact words of a speaker; `source` is a key."""

    key: str
    text: str
    speaker: str
    source: str
    wording_checked: bool


@dataclass(frozen=True)
class LedgerClaim:
    """A claim; `sources` are keys, `topics` enum values. Its kind of evidence is that of its sources."""

    key: str
    text: str
    sources: tuple[str, ...]
    checked_on: dt.date | None
    topics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """Everything a text may refer to, by key."""

    sources: Mapping[str, LedgerSource] = field(default_factory=dict)
    quotations: Mapping[str, LedgerQuotation] = field(default_factory=dict)
    claims: Mapping[str, LedgerClaim] = field(default_factory=dict)

    def evidence_of(self, claim: LedgerClaim) -> list[LedgerSource]:
        """Return the claim's sources, weakest first."""
        return weakest_first(self.sources[key] for key in claim.sources if key in self.sources)


Evidence = TypeVar("Evidence", bound="HasEvidence")


class HasEvidence(Protocol):
    """A source in the ledger or the database."""

    @property
    def evidence_type(self) -> str: ...
    @property
    def sample_size(self) -> int | None: ...


def weakest_first(sources: Iterable[Evidence]) -> list[Evidence]:
    """Sort sources by the strength of their evidence, then by the number of people; stable."""
    return sorted(sources, key=lambda source: (strength(source.evidence_type), source.sample_size or 0))


def strength(evidence_type: str) -> int:
    """Return the strength of a kind of evidence; of none, less than any."""
    return STRENGTH.get(evidence_type, -1)


def overstated(stated: str, sources: Iterable[HasEvidence]) -> bool:
    """Return whether `stated` is stronger than the weakest of `sources`, or another species than all of them."""
    kinds = {source.evidence_type for source in sources}
    if stated in ANIMAL_WORDS:
        return not kinds & ({stated, EvidenceType.RODENTS} if stated != EvidenceType.RODENTS else set(ANIMAL_WORDS))
    return bool(kinds) and strength(stated) > min(map(strength, kinds))


def review_by(evidence_types: Iterable[str], checked_on: dt.date) -> dt.date:
    """Return the day a claim's review is due: after 6 months if it rests on an authority, else 12."""
    intervals = [REVIEW_MONTHS.get(EvidenceType(kind), DEFAULT_REVIEW_MONTHS) for kind in evidence_types]
    months = checked_on.month - 1 + min(intervals, default=DEFAULT_REVIEW_MONTHS)
    year, month = checked_on.year + months // 12, months % 12 + 1
    return dt.date(year, month, min(checked_on.day, calendar.monthrange(year, month)[1]))
