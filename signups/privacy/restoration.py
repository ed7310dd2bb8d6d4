"""Restoration: an older backup brings nobody back who was erased, and sends nothing twice.

`journal_due` notes erasures, opt-outs and withdrawn consents outside the database as their audit events are chained;
delivery notes what was sent. `replay` applies the journal to a database that was just restored. Idempotent.
"""

import datetime as dt
from collections.abc import Callable, Iterable
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
from signups.ops import restore_journal

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

    def __str__(self) -> str:
        return ", ".join(f"{field.name.replace('_', ' ')}: {getattr(self, field.name)}" for field in fields(self))


def journal_due(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: append entries of newly chained events to the journal, and how far it got; return how many.

    The place reached is noted beside it too. It starts again for another database (after a restore): an entry that is
    there twice does nothing twice.
    """
    path = _cursor_file()
    reached = chain.ChainHead.noted(path)
    chained = AuditEvent.objects.exclude(sequence=None)
    if reached.sequence and not chained.filter(sequence=reached.sequence, chain_hash=reached.chain_hash).exists():
        reached = chain.GENESIS_HEAD
    due = chained.filter(sequence__gt=reached.sequence).order_by("sequence")
    batch = list(due.select_related("lead")[:JOURNAL_BATCH])
    if not batch:
        return 0
    entries = [_entry(event) for event in batch if event.action in JOURNALED and event.lead]
    got = {"at": clock().isoformat(), "act": restore_journal.REACHED, "sequence": batch[-1].sequence}
    restore_journal.append([*entries, got])
    chain.ChainHead(batch[-1].sequence or 0, batch[-1].chain_hash).note(path)
    return len(entries) or (len(batch) == JOURNAL_BATCH)


def drop_old_entries(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: keep the journal from growing without bound."""
    return restore_journal.drop_old_sends(clock())


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


@transaction.atomic
def replay(*journals: Path, now: dt.datetime) -> Replayed:
    """Apply the journal to this database, just restored; return what was done."""
    last = AuditEvent.objects.order_by("-occurred_at").first()
    since = last.occurred_at - OVERLAP if last else dt.datetime.min.replace(tzinfo=dt.UTC)
    journal = restore_journal.read(since, *journals)
    done = Replayed(damaged_journal_lines=journal.damaged)
    _replay_people([entry for entry in journal.entries if "lead" in entry], done, now)
    sent = {entry["message"] for entry in journal.entries if entry["act"] == "sent"}
    SentBeforeRestore.objects.bulk_create(map(SentBeforeRestore, sent), ignore_conflicts=True)
    done.messages_known_as_sent = len(sent)
    if not _followed_this_database(journal, local=not journals):
        done.messages_withdrawn = (
            OutboxMessage.objects.pending()
            .filter(send_at__lte=now)
            .update(
                status=MessageStatus.CANCELLED,
                lease_token=None,
                lease_expires_at=None,
                last_error="A backup was restored, and no journal tells whether this was sent.",
            )
        )
    OutboxMessage.objects.pending().update(lease_token=None, lease_expires_at=None)  # of workers that are no more
    counts = {field.name: getattr(done, field.name) for field in fields(done)}
    record_event(None, AuditAction.RESTORED, by=ActorKind.SYSTEM, now=now, target="database:restored", **counts)
    return done


def _followed_this_database(journal: restore_journal.Journal, *, local: bool) -> bool:
    """Return whether the journal knows all that was sent since: it is whole, and got beyond what this database has.

    The place noted beside it shows whether its end was cut off.
    """
    last = AuditEvent.objects.exclude(sequence=None).order_by("-sequence").first()
    needed = (last.sequence or 0) if last else 1
    if local:
        needed = max(needed, chain.ChainHead.noted(_cursor_file()).sequence)
    return not journal.damaged and journal.reached >= needed


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
    mail = [entry["act"] for entry in entries if entry["act"] in (AuditAction.MAIL_STOPPED, AuditAction.MAIL_RESUMED)]
    if mail and mail[-1] == AuditAction.MAIL_STOPPED and lead.unsubscribed_at is None:
        consents.set_reminder_preference(lead, enabled=False, by=ActorKind.SYSTEM, now=now)
        done.people_unsubscribed += 1
    last = {entry["purpose"]: entry["act"] for entry in entries if entry.get("purpose")}
    for purpose, act in last.items():
        if act == AuditAction.CONSENT_REVOKED:
            channel = ConsentChannel.STAFF
            consents.revoke_consent(lead, ConsentPurpose(purpose), channel=channel, by=ActorKind.SYSTEM, now=now)
            done.consents_withdrawn += 1
