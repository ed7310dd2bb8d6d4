"""Restore journal: what must hold even after an older backup is restored, in a file outside the database.

One JSON object a line: its time, what was done, and keyed hashes of whom it concerns; no name, address or id. The
worker writes it (`signups/privacy/restoration.py`, `signups/messages/delivery.py`), and `manage.py backup --restore`
applies it.
"""

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

KEEP_SENT = dt.timedelta(days=90)  # no backup that is older is restored without withdrawing what was due

JournalEntry = dict[str, Any]


def append(entries: Iterable[JournalEntry]) -> None:
    """Append entries; they are on the disk when this returns."""
    lines = "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in entries)
    descriptor = os.open(settings.RESTORE_JOURNAL_FILE, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file.fileno()).st_size
        cut_short = size and os.pread(file.fileno(), 1, size - 1) != b"\n"
        file.write("\n" * bool(cut_short) + lines)
        file.flush()
        os.fsync(file.fileno())


def read(since: dt.datetime, *paths: Path) -> list[JournalEntry]:
    """Return the entries of `since` and later, in order; by default of settings.RESTORE_JOURNAL_FILE.

    A last line that a crash cut short is left out.
    """
    entries = [entry for path in paths or (settings.RESTORE_JOURNAL_FILE,) for entry in _entries(path)]
    return sorted((entry for entry in entries if _at(entry) >= since), key=_at)


def drop_old_sends(now: dt.datetime) -> int:
    """Delete the entries of messages sent more than KEEP_SENT ago; return how many. Others stay for good."""
    path: Path = settings.RESTORE_JOURNAL_FILE
    if not path.exists():
        return 0
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        entries = list(_entries(path))
        kept = [entry for entry in entries if entry["act"] != "sent" or _at(entry) >= now - KEEP_SENT]
        if len(kept) < len(entries):
            file.seek(0)
            file.write("".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in kept))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    return len(entries) - len(kept)


def _at(entry: JournalEntry) -> dt.datetime:
    return dt.datetime.fromisoformat(entry["at"])


def _entries(path: Path) -> Iterator[JournalEntry]:
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
