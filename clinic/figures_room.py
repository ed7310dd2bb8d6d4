"""Room on the disk for this process's figures, taken before prometheus_client maps its files into memory.

Those files are sparse. When the disk is full, the first write to a page without room kills the process (SIGBUS): a full
disk would take the whole site down. Imported by `clinic/metrics.py` ahead of prometheus_client, which looks for the
folder when it is imported.
"""

import os
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
ROOM = 256 * 1024  # bytes of each file: more than all views and answers need


def take(folder: Path) -> bool:
    """Whether there was room; when there was not, nothing is left behind."""
    for kind in ("counter", "histogram"):
        path = folder / f"{kind}_{os.getpid()}.db"
        try:
            with path.open("ab") as file:
                file.write(bytes(max(0, ROOM - file.tell())))
        except OSError:
            path.unlink(missing_ok=True)
            return False
    return True


if not take(Path(os.environ[FOLDER])):
    del os.environ[FOLDER]  # this process keeps its figures to itself
