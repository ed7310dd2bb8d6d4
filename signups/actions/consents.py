"""Agreeing, and taking it back."""

import datetime as dt
import hashlib

from signups.models import Consent, ConsentText, Lead
from signups.states import ConsentChannel, Purpose
from signups.terms import Document


def grant(lead: Lead, purpose: Purpose, document: Document, *, channel: ConsentChannel, now: dt.datetime) -> Consent:
    """`lead` agreed to `document`, whose exact words are kept with the consent."""
    sha256 = hashlib.sha256(f"{purpose}\n{document.version}\n{document.text}".encode()).hexdigest()
    text, _ = ConsentText.objects.get_or_create(
        sha256=sha256, defaults={"purpose": purpose, "version": document.version, "text": document.text}
    )
    return Consent.objects.create(lead=lead, text=text, granted=True, channel=channel, at=now)
