"""Hash chain of the audit log: append events to it and verify it.

The worker assigns sequence numbers in the order in which it finds events: an event whose transaction committed late
comes later in the chain, and none is ever skipped. The end of the chain (the *head*) is saved in a file outside the
database and logged, so that a truncated audit log is detected too.
"""

import datetime as dt
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from . import signing, triggers
from .models import AuditEvent

logger = logging.getLogger(__name__)

CHAIN_BATCH = 500
EVENTS_PER_QUERY = 5000  # events per SELECT of `verify_chain`
Clock = Callable[[], dt.datetime]


class ChainVerificationError(Exception):
    """The audit log was altered; the message names the first inconsistency."""


class ChainHead(NamedTuple):
    """The end of the chain: number of chained events and the last `chain_hash`."""

    sequence: int
    chain_hash: str

    @classmethod
    def noted(cls, path: Path) -> "ChainHead":
        """Load the head from `path`; the genesis head when the file does not exist.

        Raises ChainVerificationError when the file is malformed.
        """
        try:
            sequence, chain_hash = path.read_text().split()
            return cls(int(sequence), chain_hash)
        except FileNotFoundError:
            return GENESIS_HEAD
        except ValueError:
            raise ChainVerificationError(f"{path} does not hold the end of an audit trail.") from None

    def note(self, path: Path) -> None:
        """Save the head to `path` atomically: fsync a temporary file, then rename it.

        The temporary file is named after process and thread, so that concurrent writers do not share one.
        """
        new = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
        with new.open("w") as file:
            file.write(f"{self.sequence} {self.chain_hash}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        logger.info("the audit trail ends at %d with %s", self.sequence, self.chain_hash)


GENESIS_HEAD = ChainHead(0, signing.GENESIS_HASH)


@dataclass(frozen=True)
class VerificationResult:
    """A valid chain: its head, and the number of events not yet chained (`waiting`)."""

    head: ChainHead
    waiting: int


def append_to_chain(clock: Clock) -> int:
    """Append one batch of events to the chain; return its size, 0 if none is left.

    Two workers that read the same events compute the same hashes; where they read different ones, the unique sequence
    lets one commit, and the other retries. Raises ChainVerificationError, and appends nothing, when chained events are
    missing.
    """
    try:
        with transaction.atomic():
            head, appended = _append_batch()
    except IntegrityError:
        return 0
    if appended:
        head.note(settings.AUDIT_CHAIN_HEAD_FILE)
    return appended


def _append_batch() -> tuple[ChainHead, int]:
    last = AuditEvent.objects.exclude(sequence=None).order_by("-sequence").first()
    head = ChainHead(last.sequence or 0, last.chain_hash) if last else GENESIS_HEAD
    _check_recorded_head(ChainHead.noted(settings.AUDIT_CHAIN_HEAD_FILE))
    waiting = AuditEvent.objects.filter(sequence=None).order_by("id").values_list("id", "signature")[:CHAIN_BATCH]
    rows = []
    for event_id, signature in waiting:
        sequence = head.sequence + 1
        head = ChainHead(sequence, signing.chain_hash(head.chain_hash, sequence, event_id, signature))
        rows.append((sequence, head.chain_hash, event_id))
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {triggers.TABLE} SET sequence = %s, chain_hash = %s WHERE id = %s AND sequence IS NULL",  # noqa: S608
                rows,
            )
    return head, len(rows)


def _check_recorded_head(recorded: ChainHead) -> None:
    """Raise ChainVerificationError when the database lacks the recorded head."""
    if (
        recorded.sequence
        and not AuditEvent.objects.filter(sequence=recorded.sequence, chain_hash=recorded.chain_hash).exists()
    ):
        raise ChainVerificationError(
            f"{settings.AUDIT_CHAIN_HEAD_FILE} says that {recorded.sequence} events were chained and how the last "
            "one ends: the database has no such event. The log was cut short or replaced. (If an older backup was "
            "restored, keep the file as the record of what is missing, and move it away.)"
        )


def verify_chain() -> VerificationResult:
    """Verify the complete audit log in constant memory.

    Raises ChainVerificationError with the first inconsistency.
    """
    if missing := triggers.missing_triggers(connection):
        raise ChainVerificationError(f"The database lacks its guards {', '.join(missing)}: run `manage.py migrate`.")
    recorded = ChainHead.noted(settings.AUDIT_CHAIN_HEAD_FILE)
    head = GENESIS_HEAD
    allowed_keys = list(signing.keyring())  # newest first; shrinks as the chain moves to newer keys
    for sequence, event_id, signature, chain_hash, *values in _rows(
        AuditEvent.objects.exclude(sequence=None), "sequence"
    ):
        location = f"event {event_id}, place {sequence}"
        if sequence != head.sequence + 1:
            raise ChainVerificationError(f"The event at place {head.sequence + 1} is gone: {location}, comes next.")
        _check_signature(event_id, signature, values)
        key = signing.key_id(chain_hash)
        if key not in allowed_keys:
            raise ChainVerificationError(
                f"In {location}: sealed with the key “{key}”, which is not ours or already retired."
            )
        allowed_keys = allowed_keys[: allowed_keys.index(key) + 1]
        if signing.chain_hash(head.chain_hash, sequence, event_id, signature, key) != chain_hash:
            raise ChainVerificationError(f"In {location}: not the event that was sealed there. It was moved or put in.")
        if sequence == recorded.sequence and chain_hash != recorded.chain_hash:
            raise ChainVerificationError(
                f"In {location}: {settings.AUDIT_CHAIN_HEAD_FILE} has another chain_hash. The trail was replaced."
            )
        head = ChainHead(sequence, chain_hash)
    if head.sequence < recorded.sequence:
        _check_recorded_head(recorded)
    waiting = 0
    for _, event_id, signature, _, *values in _rows(AuditEvent.objects.filter(sequence=None), "id"):
        _check_signature(event_id, signature, values)
        waiting += 1
    return VerificationResult(head, waiting)


def _rows(events: Any, key: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `events` ordered by `key`, with keyset pagination."""
    columns = ("sequence", "id", "signature", "chain_hash", *signing.SIGNED_FIELDS)
    events = events.order_by(key).values_list(*columns)
    page = events
    while rows := list(page[:EVENTS_PER_QUERY]):
        yield from rows
        page = events.filter(**{f"{key}__gt": rows[-1][columns.index(key)]})


def _check_signature(event_id: int, signature: str, values: list[Any]) -> None:
    try:
        genuine = signing.sign(signing.canonical_bytes(*values), signing.key_id(signature)) == signature
    except KeyError:
        raise ChainVerificationError(
            f"Event {event_id} was not written by the site: it is signed with no key of ours."
        ) from None
    if not genuine:
        raise ChainVerificationError(f"Event {event_id} does not say what was written: it was changed afterwards.")
