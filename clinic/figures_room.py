"""Files for this process's figures, and room on the disk for them, before prometheus_client maps them into memory.

Those files are sparse. When the disk is full, the first write to a page without room kills the process (SIGBUS): a full
disk would take the whole site down. And what was counted must not shrink when a process ends: the next one goes on
counting in its files. So there are never more of them than there were processes at a time. Imported by
`clinic/metrics.py` ahead of prometheus_client, which looks for the folder when it is imported.
"""

import fcntl
import os
from itertools import count
from pathlib import Path
from typing import IO

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
ROOM = 256 * 1024  # bytes of each file: more than all views and answers need

_locks: list[IO[bytes]] = []  # open for as long as this process lives, however it ends


def take(folder: Path) -> int | None:
    """The number of files that are this process's alone; None when there was no room, and nothing is left behind."""
    try:
        number = _lock(folder)
    except OSError:
        return None
    for kind in ("counter", "histogram"):
        path = folder / f"{kind}_{number}.db"
        try:
            with path.open("ab") as file:
                file.write(bytes(max(0, ROOM - file.tell())))
        except OSError:
            path.unlink(missing_ok=True)
            return None
    return number


def _lock(folder: Path) -> int:
    """The first number that no living process has, in this container or another. Raises OSError."""
    for number in count():
        lock = (folder / f"{number}.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            break
    _locks.append(lock)
    return number


NUMBER = take(Path(os.environ[FOLDER]))
if NUMBER is None:
    del os.environ[FOLDER]  # this process keeps its figures to itself
