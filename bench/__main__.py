"""The short set of benchmarks, one after the other: `make bench`; `make bench ARGS="pages desk"` for some.

`make bench ARGS=--quick` counts queries, calls and memory of the hot paths instead (`bench/quick.py`).
"""

import argparse
import subprocess
import sys

from tests.processes import ROOT

from . import quick
from .harness import say

# Each takes a minute or so in its short form; run alone (`python -m bench.pages`), it measures longer.
SHORT = {
    "pages": ("--rounds=3", "--seconds=2"),
    "signup": ("--rounds=1", "--seconds=3", "--leads", "10000", "100000"),
    "slots": (),
    "delivery": ("--rounds=2", "--messages=1000"),
    "import_export": ("--rounds=2", "--rows=5000"),
    "startup": ("--rounds=3",),
    "memory": ("--requests=5000",),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*SHORT, []], help="all when none is named")
    parser.add_argument("--quick", action="store_true", help="only count what the hot paths take, in half a minute")
    options = parser.parse_args()
    if options.quick:
        return quick.main([])
    missed = []
    for name in options.names or SHORT:
        done = subprocess.run([sys.executable, "-m", f"bench.{name}", *SHORT[name]], cwd=ROOT, check=False)
        if done.returncode:
            missed.append(name)
    say("\nEvery target was met." if not missed else f"\nTargets were missed in: {', '.join(missed)}")
    return len(missed)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
