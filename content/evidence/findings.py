"""What an editor must mend: a rule's code, where, and the words to say it with."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Every rule of the engine by its code; docs/decisions/0008-evidence-engine.md says what each one means."""

    MARKUP = "markup"
    UNSOURCED = "unsourced"
    CLAIM_SOURCE = "claim-without-source"
    CLAIM_KIND = "claim-without-kind"
    ANIMALS = "animals-unsaid"
    HEDGE = "hedge-missing"
    ONE_SIDED = "one-sided"
    QUOTATION = "quotation-differs"
    SPEAKER = "wrong-speaker"
    UNCHECKED = "wording-unchecked"
    PROMOTION = "promotion"
    UNUSED = "unused"
    OVERDUE = "overdue"


@dataclass(frozen=True, order=True)
class Finding:
    """`line` counts from 1 in the field; 0 is the field, or row of the ledger (`claims.c04`), as a whole."""

    line: int
    message: str
    rule: Rule = Rule.MARKUP
    field: str = "body"

    def __str__(self) -> str:
        where = [self.field] * (self.field != "body") + [f"line {self.line}"] * (self.line > 0)
        return ", ".join(where) + f": {self.message}" if where else self.message


class MarkupError(Exception):
    """The text breaks a rule of the markup; `findings` say where."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = sorted(findings)
