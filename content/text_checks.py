"""Evidence rules for every row of text that an editor can save: legal and crisis texts, ledger, people, profile."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from django.db import models

from content import page_rendering
from content.evidence import ledger_rules, linter, rules
from content.evidence.findings import Finding
from content.evidence.sentences import Passage
from content.models.claims import Claim
from content.models.people import Person
from content.models.profile import ClinicProfile
from content.models.sources import Source
from content.models.texts import CrisisText, LegalText

SHORT_TEXTS: dict[type[models.Model], tuple[str, ...]] = {
    ClinicProfile: ("name", "ketamine_form"),
    CrisisText: ("crisis_name", "crisis_text"),
    Person: ("name", "role", "bio"),
}


def findings_in(row: models.Model, *, today: dt.date) -> list[Finding]:
    """Return what the rules find in the texts of `row`; `field` names the model's."""
    return sorted(_findings(row, today))


def _findings(row: models.Model, today: dt.date) -> Iterator[Finding]:
    for name in SHORT_TEXTS.get(type(row), ()):
        yield from ledger_rules.check_short_text(name, getattr(row, name), page_rendering.ledger())
    match row:
        case LegalText():
            values = ClinicProfile.current().placeholders
            yield from linter.lint(
                title=row.title,
                summary=row.summary,
                body=row.body,
                ledger=page_rendering.ledger(),
                values=values,
                today=today,
            )
        case CrisisText():
            for name in CrisisText.FIELDS:
                yield from ledger_rules.check_crisis_text(name, getattr(row, name))
        case Claim():
            yield from ledger_rules.check_claim(text=row.text, about=row.topics, checked_on=row.checked_on, today=today)
            for name in ("text", "detail"):
                found = rules.check_wording(Passage(getattr(row, name), ((0, 0),)), page_rendering.ledger())
                yield from (replace(finding, field=name) for finding in found)
        case Source():
            yield from ledger_rules.check_source(doi=row.doi, url=row.url)
