"""Restoration: an older backup brings nobody back who was erased, and sends nothing twice.

`journal_due` notes erasures, opt-outs and withdrawn consents outside the database as their audit events are chained;
delivery notes what was sent. `replay` applies the journal to a database that was just restored. Idempotent. Until then
no process starts on a database that lacks what the journal tells of (`require_applied`).
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from django.conf import settings
from django.db import transaction

from clinic.lib.keyed_hash import every_hash, keyed_hash
from signups.audit import chain
from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.consents import actions as consents
from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.suppression_models import Suppression
from signups.leads.choices import TERMINAL_STATUSES
from signups.leads.models import Lead
from signups.messages.choices import MessageStatus
from signups.messages.models import OutboxMessage, SentBeforeRestore
from signups.ops import restore_journal, restore_marker

from .erasure import erase_lead

JOURNAL_BATCH = 500
OVERLAP = dt.timedelta(hours=1)  # an event may be chained, and its entry written, after events that came later
JOURNALED = (
    AuditAction.ERASED,
    AuditAction.MAIL_STOPPED,
    AuditAction.MAIL_RESUMED,
    AuditAction.CONSENT_GRANTED,
    AuditAction.CONSENT_REVOKED,
)


@dataclass
class Replayed:
    """How many of each were done again."""

    people_erased: int = 0
    addresses_suppressed: int = 0
    people_unsubscribed: int = 0
    consents_withdrawn: int = 0
    messages_known_as_sent: int = 0
    messages_withdrawn: int = 0
    damaged_journal_lines: int = 0
    gaps_in_the_journal: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{field.name.replace('_', ' ')}: {getattr(self, field.name)}" for field in fields(self))


def require_applied() -> None:
    """Raise RestoreIncompleteError when an older backup was put in the database's place, by whatever means.

    The journal of this machine then tells of more than the database has, and nothing may go out before it is applied.
    """
    reached = chain.ChainHead.noted(path := _cursor_file())
    chained = AuditEvent.objects.exclude(sequence=None)
    if reached.sequence and not _is_chained(reached) and chained.exists():
        raise restore_marker.RestoreIncompleteError(
            f"{settings.RESTORE_JOURNAL_FILE} tells of events that this database does not have: an older backup is in "
            f"its place. What was erased and sent since must be known first: manage.py apply_journal (If this is "
            f"another clinic's database, move {path} and the journal away.)"
        )


def journal_due(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: append entries of newly chained events to the journal, and how far it got; return how many.

    The place reached is noted beside it too. Without that note it starts again: an entry that is there twice does
    nothing twice. Raises RestoreIncompleteError.
    """
    require_applied()
    path = _cursor_file()
    reached = chain.ChainHead.noted(path)
    if not _is_chained(reached):
        reached = chain.GENESIS_HEAD  # of a new, empty database
    due = AuditEvent.objects.filter(sequence__gt=reached.sequence).order_by("sequence")
    batch = list(due.select_related("lead")[:JOURNAL_BATCH])
    if not batch:
        return 0
    entries = [_entry(event) for event in batch if event.action in JOURNALED and event.lead]
    last = chain.ChainHead(batch[-1].sequence or 0, batch[-1].chain_hash)
    got = {"at": clock().isoformat(), "act": restore_journal.REACHED, **last._asdict()}
    restore_journal.append([*entries, got])
    last.note(path)
    return len(entries) or (len(batch) == JOURNAL_BATCH)


def drop_old_entries(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: keep the journal from growing without bound."""
    return restore_journal.drop_old(clock())


def _is_chained(head: chain.ChainHead) -> bool:
    return AuditEvent.objects.filter(sequence=head.sequence, chain_hash=head.chain_hash).exists()


def _cursor_file() -> Path:
    path: Path = settings.RESTORE_JOURNAL_FILE
    return path.with_name(f"{path.name}.reached")


def _entry(event: AuditEvent) -> restore_journal.JournalEntry:
    assert event.lead  # noqa: S101 - for the type checker
    entry = {
        "at": event.occurred_at.isoformat(),
        "act": event.action,
        "lead": keyed_hash("lead", _identity(event.lead)),
    }
    if event.action == AuditAction.ERASED:
        suppressed = Suppression.objects.filter(created_at=event.occurred_at).values_list("digest", flat=True)
        return {**entry, "suppressed": list(suppressed)}
    return {**entry, "purpose": event.detail.get("purpose", "")}


def _identity(lead: Lead) -> str:
    """Return what tells a lead from every other one, also from one that got its id after a restore."""
    return f"{lead.pk}:{lead.created_at.isoformat()}"


def replay(*journals: Path, now: dt.datetime, in_place: bool = False) -> Replayed:
    """Apply the journal to this database, just restored; return what was done.

    `in_place`: the database may have gone on since, and the journal is this machine's.
    """
    with transaction.atomic():
        done = _replay(*journals, now=now, in_place=in_place)
    _cursor_file().unlink(missing_ok=True)  # of the database that was there before
    return done


def _replay(*journals: Path, now: dt.datetime, in_place: bool) -> Replayed:
    read = [restore_journal.read(path) for path in journals or (settings.RESTORE_JOURNAL_FILE,)]
    entries = sorted((entry for one in read for entry in _after_the_backup(one)), key=restore_journal.time_of)
    done = Replayed(
        damaged_journal_lines=sum(one.damaged for one in read), gaps_in_the_journal=sum(one.missing for one in read)
    )
    _replay_people([entry for entry in entries if "lead" in entry], done, now)
    sent = {entry["message"] for entry in entries if entry["act"] == "sent"}
    SentBeforeRestore.objects.bulk_create(map(SentBeforeRestore, sent), ignore_conflicts=True)
    done.messages_known_as_sent = len(sent)
    if not _followed_this_database(read, local=not journals, in_place=in_place):
        done.messages_withdrawn = _withdraw_due(now)
    if not in_place:
        OutboxMessage.objects.pending().update(lease_token=None, lease_expires_at=None)  # of workers that are no more
    counts = {field.name: getattr(done, field.name) for field in fields(done)}
    record_event(None, AuditAction.RESTORED, by=ActorKind.SYSTEM, now=now, target="database:restored", **counts)
    return done


def _after_the_backup(journal: restore_journal.Journal) -> Iterator[restore_journal.JournalEntry]:
    """Yield the entries that this database may lack: those after the last place that both know."""
    places = [number for number, entry in enumerate(journal.entries) if entry["act"] == restore_journal.REACHED]
    known = next((number for number in reversed(places) if _is_chained(_head_of(journal.entries[number]))), None)
    last = AuditEvent.objects.order_by("-occurred_at").first()
    if known is not None:
        since = restore_journal.time_of(journal.entries[known]) - OVERLAP
    else:
        since = last.occurred_at - OVERLAP if last else dt.datetime.min.replace(tzinfo=dt.UTC)
    for number, entry in enumerate(journal.entries):
        if (known is not None and number > known) or restore_journal.time_of(entry) >= since:
            yield entry


def _head_of(reached: restore_journal.JournalEntry) -> chain.ChainHead:
    return chain.ChainHead(reached["sequence"], reached["chain_hash"])


def _withdraw_due(now: dt.datetime) -> int:
    return (
        OutboxMessage.objects.pending()
        .filter(send_at__lte=now)
        .update(
            status=MessageStatus.CANCELLED,
            lease_token=None,
            lease_expires_at=None,
            last_error="A backup was restored, and no journal tells whether this was sent.",
        )
    )


def _followed_this_database(journals: list[restore_journal.Journal], *, local: bool, in_place: bool) -> bool:
    """Return whether the journal knows all that was sent since: it is whole, and got beyond what this database has.

    The place noted beside it shows whether its end was cut off.
    """
    last = AuditEvent.objects.exclude(sequence=None).order_by("-sequence").first()
    needed = 0 if in_place else ((last.sequence or 0) if last else 1)
    if local:
        needed = max(needed, chain.ChainHead.noted(_cursor_file()).sequence)
    reached = [
        entry["sequence"] for one in journals for entry in one.entries if entry["act"] == restore_journal.REACHED
    ]
    return all(one.is_intact for one in journals) and max(reached, default=0) >= needed


def _replay_people(entries: Iterable[restore_journal.JournalEntry], done: Replayed, now: dt.datetime) -> None:
    by_lead: dict[str, list[restore_journal.JournalEntry]] = {}
    for entry in entries:
        by_lead.setdefault(entry["lead"], []).append(entry)
        for digest in entry.get("suppressed", []):
            _, created = Suppression.objects.get_or_create(digest=digest, defaults={"created_at": now})
            done.addresses_suppressed += created
    for lead in Lead.objects.exclude(status__in=TERMINAL_STATUSES).iterator() if by_lead else ():
        hashes = every_hash("lead", _identity(lead))
        if known := [entry for digest in hashes for entry in by_lead.get(digest, [])]:
            _replay_person(lead, known, done, now)


def _replay_person(lead: Lead, entries: list[restore_journal.JournalEntry], done: Replayed, now: dt.datetime) -> None:
    """Erase the person, or bring their opt-outs to their last state. A consent given since is not made up again."""
    acts = {entry["act"] for entry in entries}
    if AuditAction.ERASED in acts:
        erase_lead(lead, by=ActorKind.SYSTEM, now=now, asked=False)
        done.people_erased += 1
        return
    mail = [entry for entry in entries if entry["act"] in (AuditAction.MAIL_STOPPED, AuditAction.MAIL_RESUMED)]
    stopped = mail and mail[-1]["act"] == AuditAction.MAIL_STOPPED and lead.unsubscribed_at is None
    if stopped and not _undone_since(lead, mail[-1], AuditAction.MAIL_RESUMED):
        consents.set_reminder_preference(lead, enabled=False, by=ActorKind.SYSTEM, now=now)
        done.people_unsubscribed += 1
    last = {entry["purpose"]: entry for entry in entries if entry.get("purpose")}
    for purpose, entry in last.items():
        revoked = entry["act"] == AuditAction.CONSENT_REVOKED
        if revoked and not _undone_since(lead, entry, AuditAction.CONSENT_GRANTED, detail__purpose=purpose):
            channel = ConsentChannel.STAFF
            consents.revoke_consent(lead, ConsentPurpose(purpose), channel=channel, by=ActorKind.SYSTEM, now=now)
            done.consents_withdrawn += 1


def _undone_since(lead: Lead, entry: restore_journal.JournalEntry, action: AuditAction, **narrowed: str) -> bool:
    """Return whether the person changed their mind on the site that was restored before this journal was applied."""
    since = restore_journal.time_of(entry)
    return AuditEvent.objects.filter(lead=lead, action=action, occurred_at__gt=since, **narrowed).exists()
