"""Ledger of sources, exact quotations and claims with their evidence. Pure data."""

import calendar
import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db.models import TextChoices

# Hedging. A sentence with a hedged claim must hedge too.
HEDGE = re.compile(
    r"\b(?:(?-i:may)|might|could|seems?|appears?|suggest\w*|thought to|(?<!less )(?<!more )likely|possibl[ey]|perhaps"
    r"|usually|typically|tends?|most often|in part|ideas?|hypothes[ie]s|not (?:yet )?(?:settled|known|clear|shown)"
    r"|unsettled|unclear|unknown|open question|nobody knows|too little is known|limited)\b",
    re.IGNORECASE,
)


class EvidenceType(TextChoices):
    """Kind of evidence, with the label that readers see."""

    TRIAL = "trial", "randomized trial in people"
    HUMAN = "human", "other study in people"
    META_ANALYSIS = "meta-analysis", "systematic review of trials"
    REVIEW = "review", "review by experts"
    CONSENSUS = "consensus", "statement by a group of experts"
    TEXTBOOK = "textbook", "textbook knowledge"
    PHARMACOLOGY = "pharmacology", "laboratory pharmacology"
    RATS = "rats", "study in rats"
    MICE = "mice", "study in mice"
    RODENTS = "rodents", "studies in rats and mice"
    REGULATORY = "regulatory", "regulator"
    PUBLIC_HEALTH = "public-health", "public health service"
    BIOGRAPHY = "biography", "biography"
    OPINION = "opinion", "one person’s opinion"
    NEWS = "news", "news story"


class Topic(TextChoices):
    """Efficacy, and the topics that a page with an efficacy claim must cover."""

    EFFICACY = "efficacy", "that it helps"
    DURATION = "duration", "how long it lasts"
    NON_RESPONSE = "non-response", "that it does not help everyone"
    RISK = "risk", "what can go wrong"
    OFF_LABEL = "off-label", "that the use is off-label"


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
# Regulations and services change sooner than trials.
REVIEW_MONTHS = {EvidenceType.REGULATORY: 6, EvidenceType.PUBLIC_HEALTH: 6}
DEFAULT_REVIEW_MONTHS = 12


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
    """A claim; `sources` are keys, `evidence_type` and `topics` enum values."""

    key: str
    text: str
    evidence_type: str
    sources: tuple[str, ...]
    checked_on: dt.date
    topics: tuple[str, ...] = ()

    @property
    def is_hedged(self) -> bool:
        return bool(HEDGE.search(self.text))


@dataclass(frozen=True)
class Ledger:
    """Everything a text may refer to: keys of sources; quotations and claims by key."""

    sources: Collection[str] = frozenset()
    quotations: Mapping[str, LedgerQuotation] = field(default_factory=dict)
    claims: Mapping[str, LedgerClaim] = field(default_factory=dict)


def review_by(evidence_type: str, checked_on: dt.date) -> dt.date:
    """Return the day a claim's review is due: after 6 months for authorities, else 12."""
    months = checked_on.month - 1 + REVIEW_MONTHS.get(EvidenceType(evidence_type), DEFAULT_REVIEW_MONTHS)
    year, month = checked_on.year + months // 12, months % 12 + 1
    return dt.date(year, month, min(checked_on.day, calendar.monthrange(year, month)[1]))
