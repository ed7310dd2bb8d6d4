"""Restore journal: what must hold even after an older backup is restored, in a file outside the database.

One JSON object a line: its time, what was done, keyed hashes of whom it concerns; no name, address or id. Each line has
the hash of the line before and its own, and the last one's is noted in a file beside it: a line that was altered or
taken out shows, wherever it was. The worker writes it (`signups/privacy/restoration.py`,
`signups/messages/delivery.py`); `manage.py backup --restore` and `manage.py apply_journal` apply it.
"""

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from django.conf import settings

from clinic.lib.keyed_hash import every_hash, keyed_hash

KEEP_SENT = dt.timedelta(days=90)  # no backup that is older is restored without withdrawing what was due
LONGEST_LINE = 2**16  # bytes
REACHED = "reached"  # the act of an entry that says how far the audit log has been read

JournalEntry = dict[str, Any]


class Line(NamedTuple):
    """One line: its entry (None when it cannot be read), the hash of the line before, its own hash."""

    entry: JournalEntry | None
    before: str = ""
    digest: str = ""


class Journal(NamedTuple):
    """The entries of a journal in order; how many lines cannot be read, and at how many places lines are missing."""

    entries: list[JournalEntry]
    damaged: int = 0
    missing: int = 0

    @property
    def is_intact(self) -> bool:
        return not self.damaged and not self.missing


def append(entries: Iterable[JournalEntry]) -> None:
    """Append entries; they are on the disk when this returns. What a crash left of a line before is taken away.

    When the end that was noted is gone, the next line names it all the same: the loss shows for good.
    """
    path: Path = settings.RESTORE_JOURNAL_FILE
    with _locked(path) as file:
        end = file.seek(0, os.SEEK_END)
        start = max(end - LONGEST_LINE, 0)
        file.seek(start)
        tail, _, partial = file.read().rpartition(b"\n")
        file.truncate(end - len(partial))
        file.seek(0, os.SEEK_END)
        before = _parsed(tail.rpartition(b"\n")[2].decode(errors="replace")).digest
        noted = noted_end(path)
        if noted and noted.encode() not in tail and noted.encode() not in path.read_bytes():
            before = noted
        text, last = _written(entries, before)
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
        _note_end(path, last)


def read(path: Path | None = None) -> Journal:
    """Return a journal, by default that of settings.RESTORE_JOURNAL_FILE.

    A last line that a crash cut short is left out: what it was to note had not happened yet.
    """
    path = path or settings.RESTORE_JOURNAL_FILE
    entries, damaged, missing, before, digests = [], 0, 0, "", set()
    noted = noted_end(path)  # first: what is appended meanwhile is no loss
    for line in _lines(path):
        if line.entry is None:
            damaged += 1
        else:
            missing += bool(line.before != before and (before or not damaged))
            entries.append(line.entry)
        before = line.digest
        digests.add(line.digest)
    missing += bool(noted and noted not in digests)
    return Journal(entries, damaged, missing)


def drop_old(now: dt.datetime) -> int:
    """Delete what is needed no more; return how many entries of messages. Others stay for good.

    Those are entries of messages sent more than KEEP_SENT ago, and of how far the audit log had been read: one a day
    stays of KEEP_SENT. A journal that is not whole is rewritten by nobody but a person.
    """
    path: Path = settings.RESTORE_JOURNAL_FILE
    if not path.exists():
        return 0
    with _locked(path):
        journal = read(path)
        kept = list(_needed(journal.entries, now))
        if not journal.is_intact or len(kept) == len(journal.entries):
            return 0
        _rewrite(path, kept)
    sent_before, sent_now = (len([e for e in entries if e["act"] == "sent"]) for entries in (journal.entries, kept))
    return sent_before - sent_now


def _needed(entries: list[JournalEntry], now: dt.datetime) -> Iterator[JournalEntry]:
    last_of_day = {entry["at"][:10]: entry for entry in entries if entry["act"] == REACHED}
    newest = next((entry for entry in reversed(entries) if entry["act"] == REACHED), None)
    for entry in entries:
        is_old = time_of(entry) < now - KEEP_SENT
        if entry["act"] == REACHED:
            needed = entry is newest or (not is_old and entry is last_of_day[entry["at"][:10]])
        else:
            needed = entry["act"] != "sent" or not is_old
        if needed:
            yield entry


def _rewrite(path: Path, entries: list[JournalEntry]) -> None:
    """Put a new journal in the place of the old one; a crash leaves one of both, whole."""
    text, last = _written(entries, "")
    new = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _end_file(path).unlink(missing_ok=True)
    new.replace(path)
    _note_end(path, last)


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open the journal, made if missing, for this process alone."""
    while True:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
                continue  # another process has just rewritten it
            yield file
            return


def _end_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.end")


def noted_end(path: Path) -> str:
    """Return the hash of the last line as noted beside the journal, or ""."""
    try:
        return _end_file(path).read_text(errors="replace").strip()
    except FileNotFoundError:
        return ""


def _note_end(path: Path, digest: str) -> None:
    """Note how the journal ends. All hashes are as long: one write replaces the other, and a crash leaves one."""
    if not digest:
        return
    descriptor = os.open(_end_file(path), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, digest.encode(), 0)
    finally:
        os.close(descriptor)


def time_of(entry: JournalEntry) -> dt.datetime:
    return dt.datetime.fromisoformat(entry["at"])


def _written(entries: Iterable[JournalEntry], before: str) -> tuple[str, str]:
    """Return the lines of `entries` after the line with the hash `before`, and the hash of the last."""
    lines = []
    for entry in entries:
        digest = keyed_hash("journal", _canonical(entry, before))
        lines.append(json.dumps({**entry, "before": before, "hash": digest}, separators=(",", ":")) + "\n")
        before = digest
    return "".join(lines), before


def _canonical(entry: JournalEntry, before: str) -> str:
    return json.dumps([before, entry], sort_keys=True)


def _parsed(line: str) -> Line:
    try:
        entry = json.loads(line)
        before, digest = entry.pop("before"), entry.pop("hash")
        if digest in every_hash("journal", _canonical(entry, before)):
            return Line(entry, before, digest)
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        pass
    return Line(None)


def _lines(path: Path) -> Iterator[Line]:
    """Yield each line; a last line without its end is none."""
    if path.exists():
        yield from map(_parsed, path.read_text(errors="replace").split("\n")[:-1])
