"""Restore marker: a file beside the restore journal that says that a restore has begun and is not complete.

While it is there no process may start, nor the worker go on: what was erased and sent since is not known again yet.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


class RestoreIncompleteError(Exception):
    """A restore is under way, or broke off; the message says what to do."""


def _path() -> Path:
    journal: Path = settings.RESTORE_JOURNAL_FILE
    return journal.with_name("restore-in-progress")


def begun_with() -> str:
    """Return the backup that a restore has begun with; "" when none is under way."""
    try:
        return _path().read_text()
    except FileNotFoundError:
        return ""


def require_complete() -> None:
    """Raise RestoreIncompleteError while a restore is under way or broke off."""
    if file := begun_with():
        raise RestoreIncompleteError(
            f"A restore of {file} is not complete. Wait for it; if it broke off, run it again: "
            f"manage.py backup --restore {file}"
        )


@contextmanager
def exclusive() -> Iterator[None]:
    """Hold off every other restore on this machine. Raises RestoreIncompleteError when one is running."""
    with _path().with_name("restore-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RestoreIncompleteError("Another restore is running.") from None
        yield


def begin(file: Path) -> None:
    _path().write_text(str(file.absolute()))


def end() -> None:
    _path().unlink(missing_ok=True)
