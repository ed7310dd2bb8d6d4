"""By which ways a message reaches somebody: for what staff read before and after an act of theirs."""

from signups.consents.contact_policy import wants_texts
from signups.leads.models import Lead

from .choices import MessageChannel
from .kinds import MessageKind
from .send_policy import why_no_email


def ways_to_reach(lead: Lead, kind: MessageKind) -> list[str]:
    """Return the channels by which a message of `kind` would be sent to `lead` now, as words; none if it would not."""
    by_email = MessageChannel.EMAIL in kind.channels and lead.email and not why_no_email(lead, kind)
    by_text = MessageChannel.TEXT in kind.channels and wants_texts(lead)
    return [*(["email"] if by_email else []), *(["text"] if by_text else [])]


def why_unreached(lead: Lead) -> str:
    """Return why nothing can be sent to `lead`."""
    return "their email address doesn’t work" if lead.email else "there is no address to write to"


def tell_them(lead: Lead) -> str:
    """Return the sentence that nothing can be sent to `lead`, and what staff do instead."""
    lack = f"The email address of {lead} doesn’t work" if lead.email else f"{lead} has no email address"
    return f"{lack}: tell them yourself."
