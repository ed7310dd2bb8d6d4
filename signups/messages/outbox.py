"""Outbox writes: render a message and store it in the caller's transaction.

Nothing is sent here.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from clinic.lib import normalization, text_messages
from signups.consents.contact_policy import wants_texts
from signups.leads import links as lead_links
from signups.leads.choices import Channel
from signups.leads.models import Lead
from signups.offer import current_offer

from . import kinds
from .choices import MessageChannel, MessageStatus
from .kinds import MessageKind
from .models import OutboxMessage, OutboxMessageQuerySet

MAX_PER_HOUR = 3  # messages of one kind to one lead, so that forms cannot be used to flood a mailbox


@dataclass(frozen=True)
class RenderedEmail:
    subject: str
    text: str
    html: str

    def redacted(self) -> "RenderedEmail":
        """Return a copy with the tokens of links redacted, fit for staff."""
        return RenderedEmail(self.subject, lead_links.redact_tokens(self.text), lead_links.redact_tokens(self.html))

    def digest(self) -> str:
        """Return the SHA-256 of the redacted content.

        Equal for two renderings that differ only in the tokens of their links.
        """
        redacted = self.redacted()
        return hashlib.sha256("\0".join([redacted.subject, redacted.text, redacted.html]).encode()).hexdigest()


def render(kind: MessageKind, lead: Lead, context: dict[str, Any]) -> RenderedEmail:
    """Render `emails/<kind>.{subject.txt,txt,html}`."""
    stop = "" if kind.to_staff else lead_links.unsubscribe_url(lead)
    full = {"stop": stop, **context, "lead": lead, "terms": current_offer(), "to_staff": kind.to_staff}
    if context.get("my"):  # they have confirmed; before, the name may be a stranger's message to the recipient
        full["greeting"] = normalization.first_name(lead.name)
    return RenderedEmail(
        subject=" ".join(render_to_string(f"emails/{kind.value}.subject.txt", full).split()),
        text=render_to_string(f"emails/{kind.value}.txt", full),
        html=render_to_string(f"emails/{kind.value}.html", full),
    )


def render_text(kind: MessageKind, lead: Lead, context: dict[str, Any]) -> RenderedEmail:
    """Render `texts/<kind>.txt`, on one line and in the alphabet that needs the fewest segments."""
    full = {**context, "lead": lead, "terms": current_offer()}
    text = " ".join(render_to_string(f"texts/{kind.value}.txt", full).split())
    return RenderedEmail(subject=kind.label, text=text_messages.to_gsm(text), html="")


def enqueue(
    kind: MessageKind,
    lead: Lead,
    occasion: int | str,
    *,
    now: dt.datetime,
    context: dict[str, Any],
    without: Collection[str] = (),
    **columns: Any,
) -> OutboxMessage | None:
    """Render and store a message: an email if they have an address, and a text if they chose texts.

    `occasion` identifies the event that it reports; a second message of it raises IntegrityError. `columns` override
    the defaults: to the lead, sent at once; nothing is written for the channels in `without`. Returns the email, else
    the text, else None.
    """
    stored, channels = None, [channel for channel in kind.channels if channel not in without]
    if MessageChannel.TEXT in channels and wants_texts(lead):
        stored = enqueue_text(kind, lead, occasion, now=now, context=context, **columns)
    if MessageChannel.EMAIL in channels and columns.get("to", lead.email):
        email = render(kind, lead, context)
        stored = _store(kind, lead, occasion, email, now=now, **({"to": lead.email} | columns))
    return stored


def enqueue_text(
    kind: MessageKind, lead: Lead, occasion: int | str, *, now: dt.datetime, context: dict[str, Any], **columns: Any
) -> OutboxMessage:
    """Render and store a text to the lead's number, as `enqueue` does."""
    columns = {name: value for name, value in columns.items() if not name.startswith("calendar")}
    text = render_text(kind, lead, context)
    channel = {"channel": MessageChannel.TEXT, "to": lead.phone_e164}
    return _store(kind, lead, f"{occasion}:text", text, now=now, **channel, **columns)


def _store(
    kind: MessageKind, lead: Lead, occasion: int | str, email: RenderedEmail, *, now: dt.datetime, **columns: Any
) -> OutboxMessage:
    if kind.context_at_sending:
        email = email.redacted()  # store no working link before delivery
    fields = {
        "lead": lead,
        "kind": kind.value,
        "dedupe_key": f"{kind.value}:{lead.pk}:{occasion}",
        "subject": email.subject,
        "text": email.text,
        "html": email.html,
        "created_at": now,
        "send_at": now,
    }
    return OutboxMessage.objects.create(**(fields | columns))


def rerender(message: OutboxMessage) -> None:
    """Update subject and bodies of a message that was enqueued ahead.

    The lead's time zone or link may have changed meanwhile.
    """
    kind = kinds.get(message.kind)
    if kind.context_at_sending:
        as_text = message.channel == MessageChannel.TEXT
        email = (render_text if as_text else render)(kind, message.lead, kind.context_at_sending(message))
        message.subject, message.text, message.html = email.subject, email.text, email.html


def readdress_messages(*, lead: Lead, changed: frozenset[str], **kwargs: Any) -> None:
    """Readdress what waits for the lead, or cancel it without an address. Receiver of `contact_details_changed`.

    Who no longer chooses texts gets what waits as email only. The answer to a keyword stays with the number it is for.
    """
    waiting = lead.messages.pending()
    if "email" in changed:
        staff = [kind.value for kind in kinds.registered() if kind.to_staff]
        _readdress(waiting.filter(channel=MessageChannel.EMAIL).exclude(kind__in=staff), lead.email)
    texts = waiting.filter(channel=MessageChannel.TEXT)
    if "phone_e164" in changed:
        answers = [kind.value for kind in kinds.registered() if kind.answers_keyword]
        _readdress(texts.exclude(kind__in=answers), lead.phone_e164)
    if "preferred_channel" in changed and lead.preferred_channel != Channel.TEXT and lead.email:
        emailed = [kind.value for kind in kinds.registered() if MessageChannel.EMAIL in kind.channels]
        _readdress(texts.filter(kind__in=emailed), "")


def _readdress(waiting: OutboxMessageQuerySet, to: str) -> None:
    if to:
        waiting.update(to=to)
    else:
        waiting.update(status=MessageStatus.CANCELLED, lease_token=None, lease_expires_at=None)


def cancel_unsolicited(*, lead: Lead, **kwargs: Any) -> None:
    """Cancel what waits to be sent to `lead` unasked, such as a reminder. Receiver of `open_work_ended`."""
    unsolicited = [kind.value for kind in kinds.registered() if kind.unsolicited]
    lead.messages.pending().filter(kind__in=unsolicited).update(status=MessageStatus.CANCELLED)


def resume_unsolicited(*, lead: Lead, since: dt.datetime, **kwargs: Any) -> None:
    """Let what `cancel_unsolicited` canceled at `since` wait again. Receiver of `open_work_resumed`.

    The send policy decides again about each.
    """
    unsolicited = [kind.value for kind in kinds.registered() if kind.unsolicited]
    ended = lead.messages.filter(kind__in=unsolicited, status=MessageStatus.CANCELLED, send_at__gt=since)
    ended.exclude(to="").update(status=MessageStatus.PENDING)


def under_hourly_limit(lead: Lead, kind: MessageKind, *, now: dt.datetime) -> bool:
    """Return whether `lead` may receive another message of `kind` this hour."""
    recent = lead.messages.filter(kind=kind.value, channel=kind.channels[0], created_at__gt=now - dt.timedelta(hours=1))
    return recent.count() < MAX_PER_HOUR


def unique_occasion() -> str:
    """Return an occasion for messages that may repeat without limit."""
    return uuid.uuid4().hex


def portal_link_context(lead: Lead) -> dict[str, str]:
    """Return `my`: the portal URL, empty until the lead's address is confirmed."""
    return {"my": lead_links.portal_url(lead) if lead.has_started_trial() else ""}
