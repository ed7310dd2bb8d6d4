"""Sealing the audit trail, and verifying it.

The worker gives every event a place in one chain, in the order in which it finds them: an event whose transaction
committed late comes later in the chain, and none is ever skipped. The end of the chain (the *head*) is noted in a file
outside the database and in the log, so that a trail that was cut short shows too.
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
ROWS_PER_QUERY = 5000  # events read at once
Clock = Callable[[], dt.datetime]


class ChainVerificationError(Exception):
    """The trail is not as it was written; the message names the first place where it shows."""


class ChainHead(NamedTuple):
    """The end of the chain: how many events are sealed, and the last one's chain_hash."""

    sequence: int
    chain_hash: str

    @classmethod
    def noted(cls, path: Path) -> "ChainHead":
        """What the file says; the beginning when there is none. Raises Broken when it is no head."""
        try:
            sequence, chain_hash = path.read_text().split()
            return cls(int(sequence), chain_hash)
        except FileNotFoundError:
            return GENESIS_HEAD
        except ValueError:
            raise ChainVerificationError(f"{path} does not hold the end of an audit trail.") from None

    def note(self, path: Path) -> None:
        """Replaces the file whole, on the disk before its name; each writer has its own beside it."""
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
    """A trail that holds: its end, and how many events still wait for the worker."""

    head: ChainHead
    waiting: int


def append_to_chain(clock: Clock) -> int:
    """Seals one batch; returns how many, so that 0 means there is nothing to do.

    Two workers that take the same events come to the same seals; where they saw different ones, the unique place lets
    one win, and the other tries again. Raises Broken, and seals nothing, when events that were sealed are gone.
    """
    try:
        with transaction.atomic():
            head, sealed = _append_batch()
    except IntegrityError:
        return 0
    if sealed:
        head.note(settings.AUDIT_CHAIN_HEAD_FILE)
    return sealed


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


def _check_recorded_head(noted: ChainHead) -> None:
    """Raises Broken when the database does not know the noted head (any more)."""
    if noted.sequence and not AuditEvent.objects.filter(sequence=noted.sequence, chain_hash=noted.chain_hash).exists():
        raise ChainVerificationError(
            f"{settings.AUDIT_CHAIN_HEAD_FILE} says that {noted.sequence} events were chained and how the last "
            "one ends: the database has no such event. The log was cut short or replaced. (If an older backup was "
            "restored, keep the file as the record of what is missing, and move it away.)"
        )


def verify_chain() -> VerificationResult:
    """Reads the whole trail, in constant memory. Raises Broken with the first place that does not hold."""
    if missing := triggers.missing_triggers(connection):
        raise ChainVerificationError(f"The database lacks its guards {', '.join(missing)}: run `manage.py migrate`.")
    noted = ChainHead.noted(settings.AUDIT_CHAIN_HEAD_FILE)
    head = GENESIS_HEAD
    newest = list(signing.keyring())  # of the keys by age, how old the one in use may still be
    for sequence, event_id, signature, chain_hash, *values in _rows(
        AuditEvent.objects.exclude(sequence=None), "sequence"
    ):
        here = f"event {event_id}, place {sequence}"
        if sequence != head.sequence + 1:
            raise ChainVerificationError(f"The event at place {head.sequence + 1} is gone: {here}, comes next.")
        _check_signature(event_id, signature, values)
        key = signing.key_id(chain_hash)
        if key not in newest:
            raise ChainVerificationError(
                f"In {here}: sealed with the key “{key}”, which is not ours or already retired."
            )
        newest = newest[: newest.index(key) + 1]
        if signing.chain_hash(head.chain_hash, sequence, event_id, signature, key) != chain_hash:
            raise ChainVerificationError(f"In {here}: not the event that was sealed there. It was moved or put in.")
        if sequence == noted.sequence and chain_hash != noted.chain_hash:
            raise ChainVerificationError(
                f"In {here}: {settings.AUDIT_CHAIN_HEAD_FILE} has another chain_hash. The trail was replaced."
            )
        head = ChainHead(sequence, chain_hash)
    if head.sequence < noted.sequence:
        _check_recorded_head(noted)
    waiting = 0
    for _, event_id, signature, _, *values in _rows(AuditEvent.objects.filter(sequence=None), "id"):
        _check_signature(event_id, signature, values)
        waiting += 1
    return VerificationResult(head, waiting)


def _rows(events: Any, key: str) -> Iterator[tuple[Any, ...]]:
    """In the order of `key`, page by page, each beginning after the last row of the one before."""
    columns = ("sequence", "id", "signature", "chain_hash", *signing.SIGNED_FIELDS)
    events = events.order_by(key).values_list(*columns)
    page = events
    while rows := list(page[:ROWS_PER_QUERY]):
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
