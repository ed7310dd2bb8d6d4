"""What every benchmark shares: alternating rounds, medians, a table with target and verdict, figures kept as JSON.

Only ratios within one run count: the machines this runs on are noisy, and no two are alike.
"""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Target:
    """`figure` must be at least (or, with `at_most`, at most) `bound`."""

    name: str
    figure: float
    bound: float
    unit: str = ""
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.figure <= self.bound if self.at_most else self.figure >= self.bound

    def __str__(self) -> str:
        sign, verdict = "≤" if self.at_most else "≥", "met" if self.met else "MISSED"
        return f"{self.name:<58} {self.figure:>10.3g} {self.unit:<6} {sign} {self.bound:<8g} {verdict}"


def alternate(cases: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median over `rounds` of each case's figure; the cases take turns, so that a slow minute hits all of them."""
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(1, rounds + 1):
        for name, case in cases.items():
            say(f"\rround {number} of {rounds}: {name:<60}", end="")
            figures[name].append(case())
    say("\r" + " " * 90 + "\r", end="")
    return {name: statistics.median(values) for name, values in figures.items()}


def timed(work: Callable[[], object], times: int = 1) -> float:
    """Seconds that one call of `work` takes, over `times` calls."""
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time that these processes have used so far (proc(5), fields 14 and 15)."""
    total = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def family(pid: int) -> list[int]:
    """A process and everything it started."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += family(int(child))
    return found


def report(name: str, figures: Mapping[str, float], targets: Sequence[Target], unit: str) -> int:
    """Print the figures and targets, keep them in `results/<name>.json`; the number of missed targets."""
    say(f"\n{name}")
    for case, figure in figures.items():
        say(f"  {case:<58} {figure:>12,.{0 if figure >= 100 else 3}f} {unit}")
    for target in targets:
        say(f"  {target}")
    RESULTS.mkdir(exist_ok=True)
    kept = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "unit": unit,
        "figures": figures,
        "targets": [{**vars(target), "met": target.met} for target in targets],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=2) + "\n")
    return sum(not target.met for target in targets)


def say(line: str, end: str = "\n") -> None:
    sys.stdout.write(line + end)
    sys.stdout.flush()
