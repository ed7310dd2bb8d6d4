"""The timeline of a lead: notes, messages and audit events, newest first."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from clinic.lib import redaction
from signups.audit.choices import AuditAction
from signups.audit.staff_users import display_name
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.leads.note_models import Note
from signups.messages.choices import MessageChannel
from signups.messages.inbound_models import InboundMessage
from signups.messages.models import OutboxMessage

from .event_descriptions import describe_all

SIZE = 100
TIMELINE_FILTERS = {
    "": "All",
    "notes": "Notes",
    "messages": "Messages",
    "contact": "Calls & emails",
    "record": "Changes",
    "reads": "Views",
}
SHOWN_AS_CONTACT = {
    AuditAction.TRIED,
    AuditAction.INCOMING,
    AuditAction.MAILED,
    *(action for action in AuditAction if action.value.startswith("call")),
}


@dataclass(frozen=True)
class Entry:
    """One timeline entry.

    `body` is long text in a disclosure; `note` is the current version of a note, `earlier` its older versions.
    """

    at: dt.datetime
    kind: str
    who: str
    text: str
    body: str = ""
    note: Note | None = None
    earlier: tuple[Note, ...] = ()

    def is_version(self, public_id: str) -> bool:
        """Return whether `public_id` names this note, in any of its versions."""
        return any(str(note.public_id) == public_id for note in (self.note, *self.earlier) if note)


def lead_timeline(
    lead: Lead, *, viewer: User, kind: str = "", before: dt.datetime | None = None
) -> tuple[list[Entry], bool]:
    """Return up to SIZE entries of `kind`, and whether there are older ones.

    By default all kinds but reads.
    """
    sources = {"notes": [_notes], "messages": [_messages, _replies], "": [_notes, _messages, _replies, _events]}
    chosen = sources.get(kind, [_events])
    found = [entry for source in chosen for entry in source(lead, viewer, kind, before)]
    found.sort(key=lambda entry: entry.at, reverse=True)
    return found[:SIZE], len(found) > SIZE


def _page(rows: Any, field: str, before: dt.datetime | None) -> Any:
    return (rows.filter(**{f"{field}__lt": before}) if before else rows)[: SIZE + 1]


def _notes(lead: Lead, viewer: User, kind: str, before: dt.datetime | None) -> Iterator[Entry]:
    versions = {note.pk: note for note in lead.notes.select_related("author")}
    superseded = {note.supersedes_id for note in versions.values()}
    for note in versions.values():
        if note.pk in superseded or (before and note.created_at >= before):
            continue
        earlier = []
        older = versions.get(note.supersedes_id or 0)
        while older:
            earlier.append(_masked(older, viewer))
            older = versions.get(older.supersedes_id or 0)
        shown = _masked(note, viewer)
        yield Entry(note.created_at, "notes", display_name(note.author), shown.text, note=shown, earlier=tuple(earlier))


def _masked(note: Note, viewer: User) -> Note:
    note.text = redaction.mask_contact_details(note.text, viewer)
    return note


def _messages(lead: Lead, viewer: User, kind: str, before: dt.datetime | None) -> Iterator[Entry]:
    """Yield the messages as sent, with portal links redacted.

    Only the patient may have the links.
    """
    message: OutboxMessage
    for message in _page(lead.messages.all(), "created_at", before):
        status = "delivered" if message.delivered_at and not message.returned_at else message.get_status_display()
        sent_as = "Text: " if message.channel == MessageChannel.TEXT else ""
        text = f"{sent_as}{message.subject} ({status})"
        if message.last_error:
            text += f": {message.last_error}"
        body = f"To {message.to}\n\n{lead_links.redact_tokens(message.text)}"
        yield Entry(
            message.created_at,
            "messages",
            "system",
            redaction.mask_contact_details(text, viewer),
            body=redaction.mask_contact_details(body, viewer),
        )


def _replies(lead: Lead, viewer: User, kind: str, before: dt.datetime | None) -> Iterator[Entry]:
    """Yield what they wrote to us."""
    message: InboundMessage
    for message in _page(lead.inbound_messages.all(), "received_at", before):
        text = f"Their {message.get_channel_display()}" + (f": {message.subject}" if message.subject else "")
        if message.handled_at is None:
            text += " (not handled yet)"
        yield Entry(
            message.received_at,
            "messages",
            "patient",
            redaction.mask_contact_details(text, viewer),
            body=redaction.mask_contact_details(message.text, viewer),
        )


def _events(lead: Lead, viewer: User, kind: str, before: dt.datetime | None) -> Iterator[Entry]:
    events = lead.events.select_related("actor")
    if kind == "reads":
        events = events.filter(action=AuditAction.READ)
    elif kind == "contact":
        events = events.filter(action__in=SHOWN_AS_CONTACT)
    elif kind == "record":
        events = events.exclude(action__in=[*SHOWN_AS_CONTACT, AuditAction.READ])
    else:  # notes and replies have entries of their own
        events = events.exclude(action__in=[AuditAction.READ, AuditAction.NOTED, AuditAction.REPLIED])
    for event, who, text in describe_all(list(_page(events, "occurred_at", before))):
        yield Entry(event.occurred_at, "contact" if event.action in SHOWN_AS_CONTACT else "record", who, text)
