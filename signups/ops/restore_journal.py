"""Restore journal: what must hold even after an older backup is restored, in a file outside the database.

One JSON object a line: its time, what was done, keyed hashes of whom it concerns, and a checksum; no name, address or
id. The worker writes it (`signups/privacy/restoration.py`, `signups/messages/delivery.py`); `manage.py backup
--restore` applies it.
"""

import datetime as dt
import fcntl
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

KEEP_SENT = dt.timedelta(days=90)  # no backup that is older is restored without withdrawing what was due

LONGEST_LINE = 2**16  # bytes
REACHED = "reached"  # the act of an entry that says how far the audit log has been read

JournalEntry = dict[str, Any]


class Journal(NamedTuple):
    """Entries in order, how many lines are damaged, and how far the journal says that it has read the audit log."""

    entries: list[JournalEntry]
    damaged: int
    reached: int


def append(entries: Iterable[JournalEntry]) -> None:
    """Append entries; they are on the disk when this returns. What a crash left of a line before is taken away."""
    descriptor = os.open(settings.RESTORE_JOURNAL_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        start = max(end - LONGEST_LINE, 0)
        file.seek(start)
        file.seek(start + file.read().rfind(b"\n") + 1)
        file.truncate()
        file.write("".join(map(_line, entries)).encode())
        file.flush()
        os.fsync(file.fileno())


def read(since: dt.datetime, *paths: Path) -> Journal:
    """Return the entries of `since` and later; by default of settings.RESTORE_JOURNAL_FILE.

    A last line that a crash cut short is left out: what it was to note had not happened yet.
    """
    lines = [list(_entries(path)) for path in paths or (settings.RESTORE_JOURNAL_FILE,)]
    valid = [[entry for entry in entries if entry is not None] for entries in lines]
    damaged = sum(entries.count(None) for entries in lines)
    reached = [entry["sequence"] for entries in valid for entry in _last_reached(entries)]
    recent = [entry for entries in valid for entry in entries if _at(entry) >= since]
    return Journal(sorted(recent, key=_at), damaged, max(reached, default=0))


def drop_old_sends(now: dt.datetime) -> int:
    """Delete what is needed no more; return how many entries of messages. Others stay for good.

    Those are entries of messages sent more than KEEP_SENT ago, and of how far the audit log had been read before.
    """
    path: Path = settings.RESTORE_JOURNAL_FILE
    if not path.exists():
        return 0
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        entries = list(_entries(path))
        if None in entries:
            return 0  # damaged: nobody rewrites it but a person
        valid = [entry for entry in entries if entry is not None]
        last = _last_reached(valid)
        old = [entry for entry in valid if entry["act"] == "sent" and _at(entry) < now - KEEP_SENT]
        kept = [entry for entry in valid if entry not in old and (entry["act"] != REACHED or entry in last)]
        if len(kept) < len(valid):
            file.seek(0)
            file.write("".join(map(_line, kept)))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    return len(old)


def _last_reached(entries: list[JournalEntry]) -> list[JournalEntry]:
    return [entry for entry in entries if entry["act"] == REACHED][-1:]


def _at(entry: JournalEntry) -> dt.datetime:
    return dt.datetime.fromisoformat(entry["at"])


def _line(entry: JournalEntry) -> str:
    return json.dumps({**entry, "crc": _checksum(entry)}, separators=(",", ":")) + "\n"


def _checksum(entry: JournalEntry) -> int:
    return zlib.crc32(json.dumps(entry, sort_keys=True).encode())


def _entries(path: Path) -> Iterator[JournalEntry | None]:
    """Yield each line's entry, None for a damaged line; a last line without its end is none."""
    if not path.exists():
        return
    for line in path.read_text(errors="replace").split("\n")[:-1]:
        try:
            entry = json.loads(line)
            genuine = entry.pop("crc") == _checksum(entry)
        except (ValueError, AttributeError, KeyError, TypeError):
            genuine = False
        yield entry if genuine else None
