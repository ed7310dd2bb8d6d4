"""Lint findings: rule, position and message."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Codes of the lint rules; docs/decisions/0007 explains each."""

    MARKUP = "markup"
    TOO_LONG = "too-long"
    UNSOURCED = "unsourced"
    CLAIM_SOURCE = "claim-without-source"
    CLAIM_KIND = "claim-without-kind"
    NUMBER = "number-differs"
    UNFIT = "claim-does-not-fit"
    POLARITY = "polarity-differs"
    QUANTIFIER = "quantifier-differs"
    TITLE = "fact-in-title"
    EXEMPT = "exempt-fact"
    ANIMALS = "animals-unsaid"
    HEDGE = "hedge-missing"
    ONE_SIDED = "one-sided"
    QUOTATION = "quotation-differs"
    SPEAKER = "wrong-speaker"
    UNCHECKED = "wording-unchecked"
    PROMOTION = "promotion"
    CRISIS = "crisis-number"
    LEDGER = "ledger"
    UNUSED = "unused"
    OVERDUE = "overdue"


@dataclass(frozen=True, order=True)
class Finding:
    """A violation; `line` counts from 1 in `field`, 0 means the complete field.

    `field` can also name a row of the ledger (`claims.c04`).
    """

    line: int
    message: str
    rule: Rule = Rule.MARKUP
    field: str = "body"

    def __str__(self) -> str:
        position = [self.field] * (self.field != "body") + [f"line {self.line}"] * (self.line > 0)
        return ", ".join(position) + f": {self.message}" if position else self.message


class MarkupError(Exception):
    """Raised for invalid markup, with `findings` sorted by position."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = sorted(findings)
