"""What texts may rest on: sources, exact quotations, and claims with their kind of evidence. Pure data."""

import calendar
import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db.models import TextChoices

# A source's or claim's own doubt. A sentence that rests on a claim in these words needs one of them too.
HEDGE = re.compile(
    r"\b(?:(?-i:may)|might|could|seems?|appears?|suggest\w*|thought to|(?<!less )(?<!more )likely|possibl[ey]|perhaps"
    r"|usually|typically|tends?|most often|in part|ideas?|hypothes[ie]s|not (?:yet )?(?:settled|known|clear|shown)"
    r"|unsettled|unclear|unknown|open question|nobody knows|too little is known|limited)\b",
    re.IGNORECASE,
)


class EvidenceType(TextChoices):
    """Kind of evidence, in the words a reader sees."""

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
    """What a page with an efficacy claim must not leave out, and efficacy itself."""

    EFFICACY = "efficacy", "that it helps"
    DURATION = "duration", "how long it lasts"
    NON_RESPONSE = "non-response", "that it does not help everyone"
    RISK = "risk", "what can go wrong"
    OFF_LABEL = "off-label", "that the use is off-label"


class Confidence(TextChoices):
    HIGH = "high", "high"
    MEDIUM = "medium", "medium"
    LOW = "low", "low"


# Kind -> the words one of which says so in a sentence.
ANIMALS = {
    EvidenceType.RATS: re.compile(r"\b(?:rats?|rodents?|animals?)\b", re.IGNORECASE),
    EvidenceType.MICE: re.compile(r"\b(?:mice|mouse|rodents?|animals?)\b", re.IGNORECASE),
    EvidenceType.RODENTS: re.compile(r"\b(?:rats?|mice|mouse|rodents?|animals?)\b", re.IGNORECASE),
}
# Rules and services change sooner than trials do.
REVIEW_MONTHS = {EvidenceType.REGULATORY: 6, EvidenceType.PUBLIC_HEALTH: 6}
OTHER_REVIEW_MONTHS = 12


@dataclass(frozen=True)
class LedgerQuotation:
    key: str
    text: str
    speaker: str
    source: str
    wording_checked: bool


@dataclass(frozen=True)
class LedgerClaim:
    """`sources` and `topics` by key; `kind` as in Kind."""

    key: str
    text: str
    evidence_type: str
    sources: tuple[str, ...]
    checked_on: dt.date
    topics: tuple[str, ...] = ()

    @property
    def hedged(self) -> bool:
        return bool(HEDGE.search(self.text))


@dataclass(frozen=True)
class Ledger:
    """What a text may refer to: keys of sources; quotations and claims by key."""

    sources: Collection[str] = frozenset()
    quotations: Mapping[str, LedgerQuotation] = field(default_factory=dict)
    claims: Mapping[str, LedgerClaim] = field(default_factory=dict)


def review_by(kind: str, checked_on: dt.date) -> dt.date:
    """The day by which a claim must have been checked again: 6 months for what an authority says, 12 for the rest."""
    months = checked_on.month - 1 + REVIEW_MONTHS.get(EvidenceType(kind), OTHER_REVIEW_MONTHS)
    year, month = checked_on.year + months // 12, months % 12 + 1
    return dt.date(year, month, min(checked_on.day, calendar.monthrange(year, month)[1]))
