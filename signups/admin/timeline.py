"""Everything that was done, said and sent about a lead, in one list, newest first."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from signups import links, masking
from signups.models import Event, Lead, Note, OutboxMessage, Tag
from signups.states import CONTACTS, ActorKind, CallOutcome, LeadStatus, Purpose, Verb

SIZE = 100
KINDS = {
    "": "Everything",
    "notes": "Notes",
    "messages": "Messages",
    "contact": "Contact",
    "record": "Record",
    "reads": "Reads",
}
CONTACT = {*CONTACTS, *(verb for verb in Verb if verb.value.startswith("call"))}


@dataclass(frozen=True)
class Entry:
    """`body` is long text, folded away; `note` is the current note this entry shows, with its `earlier` versions."""

    at: dt.datetime
    kind: str
    who: str
    text: str
    body: str = ""
    note: Note | None = None
    earlier: tuple[Note, ...] = ()


def of(lead: Lead, *, seen_by: User, kind: str = "", before: dt.datetime | None = None) -> tuple[list[Entry], bool]:
    """Up to SIZE entries of `kind` (of KINDS; by default all but reads), and whether there are older ones."""
    sources = {"notes": _notes, "messages": _messages}
    chosen = [sources[kind]] if kind in sources else [_events] if kind else [_notes, _messages, _events]
    found = [entry for source in chosen for entry in source(lead, seen_by, kind, before)]
    found.sort(key=lambda entry: entry.at, reverse=True)
    return found[:SIZE], len(found) > SIZE


def _page(rows: Any, field: str, before: dt.datetime | None) -> Any:
    return (rows.filter(**{f"{field}__lt": before}) if before else rows)[: SIZE + 1]


def _notes(lead: Lead, seen_by: User, kind: str, before: dt.datetime | None) -> Iterator[Entry]:
    versions = {note.pk: note for note in lead.notes.select_related("author")}
    superseded = {note.supersedes_id for note in versions.values()}
    for note in versions.values():
        if note.pk in superseded or (before and note.at >= before):
            continue
        earlier = []
        older = versions.get(note.supersedes_id or 0)
        while older:
            earlier.append(_masked(older, seen_by))
            older = versions.get(older.supersedes_id or 0)
        shown = _masked(note, seen_by)
        yield Entry(note.at, "notes", _name(note.author), shown.text, note=shown, earlier=tuple(earlier))


def _masked(note: Note, seen_by: User) -> Note:
    note.text = masking.contacts(note.text, seen_by)
    return note


def _messages(lead: Lead, seen_by: User, kind: str, before: dt.datetime | None) -> Iterator[Entry]:
    """As sent, without the patient's private link, which is theirs alone."""
    message: OutboxMessage
    for message in _page(lead.messages.all(), "created_at", before):
        text = f"{message.subject} ({message.get_status_display()})"
        if message.last_error:
            text += f": {message.last_error}"
        body = f"To {message.to}\n\n{links.redact(message.text)}"
        yield Entry(
            message.created_at,
            "messages",
            "system",
            masking.contacts(text, seen_by),
            body=masking.contacts(body, seen_by),
        )


def _events(lead: Lead, seen_by: User, kind: str, before: dt.datetime | None) -> Iterator[Entry]:
    events = lead.events.select_related("actor")
    if kind == "reads":
        events = events.filter(verb=Verb.READ)
    elif kind == "contact":
        events = events.filter(verb__in=CONTACT)
    elif kind == "record":
        events = events.exclude(verb__in=[*CONTACT, Verb.READ])
    else:  # notes show themselves
        events = events.exclude(verb__in=[Verb.READ, Verb.NOTED])
    for event, who, text in told(list(_page(events, "at", before))):
        yield Entry(event.at, "contact" if event.verb in CONTACT else "record", who, text)


def told(events: list[Event]) -> Iterator[tuple[Event, str, str]]:
    """Each with who did it and what was done, in words."""
    people, tags = _people(events), _tags(events)
    for event in events:
        who = _name(event.actor) if event.actor else ActorKind(event.actor_kind).label
        yield event, who, in_words(event, people, tags)


def _people(events: Iterable[Event]) -> dict[int, str]:
    """The names of those whom leads were given to."""
    given = {event.detail.get("owner") for event in events if event.verb == Verb.ASSIGNED} - {None}
    return {pk: _name(user) for pk, user in User.objects.in_bulk(given).items()} if given else {}


def _tags(events: Iterable[Event]) -> dict[int, str]:
    """The names of the tags that leads were given or rid of, as they are called now."""
    named = {event.detail.get("tag") for event in events} - {None}
    return {pk: tag.name for pk, tag in Tag.objects.in_bulk(named).items()} if named else {}


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()


def in_words(event: Event, people: dict[int, str], tags: dict[int, str]) -> str:
    """What was done, as a sentence without its subject; `people` are names of staff, `tags` those of tags, by key."""
    detail = event.detail
    match event.verb:
        case Verb.ASSIGNED if "owner" in detail:
            return f"gave the lead to {people.get(detail['owner'], 'nobody')}"
        case Verb.MOVED if "seen" in detail:
            return f"moved it from {LeadStatus(detail['seen']).label} to {LeadStatus(detail['to']).label}"
        case Verb.TRIED | Verb.CALL_ATTEMPTED if "outcome" in detail:
            return f"{event.get_verb_display()}: {CallOutcome(detail['outcome']).label.lower()}"
        case Verb.CONSENT_GRANTED | Verb.CONSENT_REVOKED if "purpose" in detail:
            return f"{event.get_verb_display()}: {Purpose(detail['purpose']).label}"
        case Verb.TAGGED | Verb.UNTAGGED if detail.get("tag") in tags:
            return f"{event.get_verb_display()}: {tags[detail['tag']]}"
    return event.get_verb_display()
