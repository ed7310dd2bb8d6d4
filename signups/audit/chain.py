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
from django.db.models import Count

from . import signing, triggers
from .models import AuditEvent

logger = logging.getLogger(__name__)

CHAIN_BATCH = 500
EVENTS_PER_QUERY = 5000  # events per SELECT of `verify_chain`
KEY_OVERLAP = dt.timedelta(days=1)  # in which a replaced key may still sign
Clock = Callable[[], dt.datetime]


class ChainVerificationError(Exception):
    """The audit log was altered; the message names the first inconsistency."""


class ChainRaceError(Exception):
    """Another worker chained some of the same events first; nothing was written."""


class ChainHead(NamedTuple):
    """The end of the chain: number of chained events, the last `chain_hash` and the id of that event."""

    sequence: int
    chain_hash: str
    event_id: int = 0  # unknown in files of before

    @classmethod
    def noted(cls, path: Path) -> "ChainHead":
        """Load the head from `path`; the genesis head when the file does not exist.

        Raises ChainVerificationError when the file is malformed.
        """
        try:
            sequence, chain_hash, *event_id = path.read_text().split()
            return cls(int(sequence), chain_hash, *map(int, event_id))
        except TypeError:
            raise ChainVerificationError(f"{path} does not hold the end of an audit trail.") from None
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
            file.write(f"{self.sequence} {self.chain_hash} {self.event_id}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        logger.info("the audit trail ends at %d with %s", self.sequence, self.chain_hash)


GENESIS_HEAD = ChainHead(0, signing.GENESIS_HASH)


@dataclass(frozen=True)
class VerificationResult:
    """A valid chain: its head, and the number of events not yet chained (`waiting`).

    `head_lost_race` tells that the recorded head is one that another worker overtook: no event is missing.
    """

    head: ChainHead
    waiting: int
    head_lost_race: bool = False


def append_to_chain(clock: Clock) -> int:
    """Append one batch of events to the chain; return its size, 0 if none is left.

    One worker appends at a time. Should two do so all the same, each UPDATE counts its rows and the sequence is unique:
    one commits, the other writes nothing and retries. The head is recorded after the commit, and only if the database
    has it. Raises ChainVerificationError, and appends nothing, when chained events are missing.
    """
    recorded = ChainHead.noted(settings.AUDIT_CHAIN_HEAD_FILE)  # before the transaction, which then sees what it names
    try:
        with transaction.atomic():
            _lock_chain()
            head, appended = _append_batch(recorded)
    except (IntegrityError, ChainRaceError):
        return 0
    if appended and _has(head):
        head.note(settings.AUDIT_CHAIN_HEAD_FILE)
    return appended


def _lock_chain() -> None:
    """Let one worker at a time append, until its commit; SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [triggers.TABLE])


def _append_batch(recorded: ChainHead) -> tuple[ChainHead, int]:
    last = AuditEvent.objects.exclude(sequence=None).order_by("-sequence").first()
    head = ChainHead(last.sequence or 0, last.chain_hash, last.pk) if last else GENESIS_HEAD
    _check_recorded_head(recorded)
    waiting = AuditEvent.objects.filter(sequence=None).order_by("id").values_list("id", "signature")[:CHAIN_BATCH]
    rows = []
    for event_id, signature in waiting:
        sequence = head.sequence + 1
        head = ChainHead(sequence, signing.chain_hash(head.chain_hash, sequence, event_id, signature), event_id)
        rows.append((sequence, head.chain_hash, event_id))
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {triggers.TABLE} SET sequence = %s, chain_hash = %s WHERE id = %s AND sequence IS NULL",  # noqa: S608
                rows,
            )
            if cursor.rowcount != len(rows):
                raise ChainRaceError
    return head, len(rows)


def _has(head: ChainHead) -> bool:
    return AuditEvent.objects.filter(sequence=head.sequence, chain_hash=head.chain_hash).exists()


def _lost_race(recorded: ChainHead) -> bool:
    """Return whether the recorded head is of a worker that another one overtook.

    Then its event is in the chain, with at least as many events up to it as it counted: after a theft there are fewer,
    or copies stand in for them.
    """
    if not recorded.event_id or _has(recorded):
        return False
    chained = AuditEvent.objects.exclude(sequence=None)
    copies = chained.order_by().values("signature").annotate(copies=Count("pk")).filter(copies__gt=1)
    return chained.filter(pk=recorded.event_id, sequence__gte=recorded.sequence).exists() and not copies.exists()


def recorded_head_is_known() -> bool:
    """Return whether the database has the recorded head; it has not when an older backup was restored."""
    recorded = ChainHead.noted(settings.AUDIT_CHAIN_HEAD_FILE)
    return not recorded.sequence or _has(recorded) or _lost_race(recorded)


def _check_recorded_head(recorded: ChainHead) -> None:
    """Raise ChainVerificationError when the database lacks the recorded head."""
    if recorded.sequence and not _has(recorded) and not _lost_race(recorded):
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
    head, lost_race = GENESIS_HEAD, _lost_race(recorded)
    allowed_keys = list(signing.keyring())  # newest first; shrinks as the chain moves to newer keys
    signing_keys = SigningKeys(allowed_keys)
    for sequence, event_id, signature, chain_hash, *values in _rows(
        AuditEvent.objects.exclude(sequence=None), "sequence"
    ):
        location = f"event {event_id}, place {sequence}"
        if sequence != head.sequence + 1:
            raise ChainVerificationError(f"The event at place {head.sequence + 1} is gone: {location}, comes next.")
        _check_signature(event_id, signature, values)
        signing_keys.check(event_id, signature, values)
        key = signing.key_id(chain_hash)
        if key not in allowed_keys:
            raise ChainVerificationError(
                f"In {location}: sealed with the key “{key}”, which is not ours or already retired."
            )
        allowed_keys = allowed_keys[: allowed_keys.index(key) + 1]
        if signing.chain_hash(head.chain_hash, sequence, event_id, signature, key) != chain_hash:
            raise ChainVerificationError(f"In {location}: not the event that was sealed there. It was moved or put in.")
        if sequence == recorded.sequence and chain_hash != recorded.chain_hash and not lost_race:
            raise ChainVerificationError(
                f"In {location}: {settings.AUDIT_CHAIN_HEAD_FILE} has another chain_hash. The trail was replaced."
            )
        head = ChainHead(sequence, chain_hash, event_id)
    if head.sequence < recorded.sequence:
        _check_recorded_head(recorded)
    waiting = 0
    for _, event_id, signature, _, *values in _rows(AuditEvent.objects.filter(sequence=None), "id"):
        _check_signature(event_id, signature, values)
        signing_keys.check(event_id, signature, values)
        waiting += 1
    return VerificationResult(head, waiting, lost_race)


class SigningKeys:
    """Which keys may still sign at a point of the chain: an older one for KEY_OVERLAP after the first of a newer.

    So long may processes that were not restarted yet write with the older key. The times are those of events signed
    with the newer key, which a holder of the older one cannot write.
    """

    def __init__(self, newest_first: list[str]) -> None:
        self.age = {key: age for age, key in enumerate(newest_first)}
        self.newest = len(newest_first)
        self.first_at = self.last_at = dt.datetime.min.replace(tzinfo=dt.UTC)

    def check(self, event_id: int, signature: str, values: list[Any]) -> None:
        """Raise ChainVerificationError for a signature by a key that was retired before."""
        occurred_at, age = values[signing.SIGNED_FIELDS.index("occurred_at")], self.age[signing.key_id(signature)]
        if age < self.newest:
            self.newest, self.first_at, self.last_at = age, occurred_at, occurred_at
        elif age == self.newest:
            self.last_at = max(self.last_at, occurred_at)
        elif self.last_at - self.first_at > KEY_OVERLAP:
            raise ChainVerificationError(
                f"Event {event_id} is signed with a key that was retired before it was written."
            )


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
