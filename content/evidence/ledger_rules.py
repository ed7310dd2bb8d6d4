"""Rules for entries of the ledger and short texts of the clinic, asked before one is saved. Pure."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit

from . import rules, topics
from .findings import Finding, Rule
from .ledger import Ledger, Topic
from .sentences import Passage

CRISIS_NUMBERS = {"988", "911", "741741"}  # US: the lifeline, emergencies, and the crisis text line
SHORT_NUMBER = re.compile(r"(?<![\w-])\d{3,6}(?![\w-])")
OFFICE_HOURS = re.compile(
    r"\b(?:office|business|opening|working) hours\b|\bweekdays?\b|\bmon(?:day)?\b|\b\d{1,2} ?[ap]\.?m\b", re.IGNORECASE
)


def check_claim(*, text: str, about: Iterable[str], checked_on: dt.date | None, today: dt.date) -> Iterator[Finding]:
    """Check a claim's topics (`about`) against its words, and the day of its check."""
    for topic in about:
        if topic in Topic.values and not topics.supports(Topic(topic), text):
            yield Finding(0, f"its text does not say {Topic(topic).label}", Rule.LEDGER, "topics")
    if checked_on and checked_on > today:
        yield Finding(0, f"{checked_on} is still to come", Rule.LEDGER, "checked_on")


def check_source(*, doi: str, url: str) -> Iterator[Finding]:
    """Check that a link of doi.org leads to the DOI."""
    place = urlsplit(url)
    if doi and place.hostname in ("doi.org", "dx.doi.org", "www.doi.org"):
        linked = unquote(place.path).strip("/")
        if linked.casefold() != doi.casefold():
            yield Finding(0, f"the link leads to {linked}, and the DOI is {doi}", Rule.LEDGER, "url")


def check_crisis_text(field: str, text: str) -> Iterator[Finding]:
    """Check that a crisis text names no number but 988, 911 and 741741, and no hours."""
    if field in ("crisis_phone", "emergency_phone") and text.strip() not in CRISIS_NUMBERS:
        yield Finding(0, f"“{text}” is none of {', '.join(sorted(CRISIS_NUMBERS))}", Rule.CRISIS, field)
    elif field == "crisis_text":
        for match in SHORT_NUMBER.finditer(text):
            if match[0] not in CRISIS_NUMBERS:
                yield Finding(0, f"“{match[0]}” is none of {', '.join(sorted(CRISIS_NUMBERS))}", Rule.CRISIS, field)
        if hours := OFFICE_HOURS.search(text):
            yield Finding(0, f"“{hours[0]}”: the help of a crisis text is there at any hour", Rule.CRISIS, field)


def check_short_text(field: str, text: str, ledger: Ledger) -> Iterator[Finding]:
    """Check a text that carries no marks: a biography, a role, the clinic's name, a question."""
    passage = Passage(text, ((0, 0),))
    for finding in (*rules.check_wording(passage, ledger), *rules.check_title(text)):
        yield Finding(finding.line, finding.message, finding.rule, field)
