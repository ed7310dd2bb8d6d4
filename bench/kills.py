"""`kill -9` in the middle of what changes everything, on both databases. `python -m bench.kills [NAME …]`

Each drill is done once whole, which gives the facts. Then it is killed at many of its points, each time in a world of
its own, and run again: what must hold in between is asked, and the facts must be the same. Then the product is broken
on purpose, and the drill must notice it. Figures: `bench/results/kills.json`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from tests import services
from tests.processes import ROOT

from . import kill_points, servers
from .harness import RESULTS, say
from .kill_points import ChildError, Points, World, start

if TYPE_CHECKING:  # models need settings first
    from .kill_drills import Drill
    from .races import Race

DATABASES = ("sqlite", "postgresql")
KILLS = ("migrate", "import", "export", "erase", "merge", "purge", "rotate", "backup", "restore", "seal", "deliver")
RACES = ("booking", "sealing", "delivery")


@dataclass
class Outcome:
    """What one drill found on one database: `wrong` in the product as it is, `noticed` in the one broken on purpose."""

    drill: str
    database: str
    tries: int = 0
    points: int = 0
    wrong: list[str] = field(default_factory=list)
    noticed: str = ""

    @property
    def passed(self) -> bool:
        return bool(self.tries and not self.wrong and self.noticed)

    def __str__(self) -> str:
        faults = "".join(f"\n    WRONG {fault}" for fault in self.wrong)
        return (
            f"{self.drill:<9} {self.database:<11}{'pass' if self.passed else 'FAIL'}  {self.tries} tries"
            f"{f' at {self.points} points' if self.points else ''}; "
            f"broken on purpose: {self.noticed[:120] or 'NOT NOTICED'}{faults}"
        )


def run_kills(name: str, drill: "Drill", base: World, database: str) -> Outcome:
    """Kill one act at many points; then do the same to the product broken on purpose, until a fault is noticed."""
    world = base.copy(f"{base.name}_{name}")
    child(world, drill.prepare)
    states = [child(world.copy("before"), drill.facts)] if drill.whole else []
    if drill.empty:
        world.empty_database()
    whole = world.copy("whole")
    points = act(drill, whole)
    states.append(child(whole, drill.facts))
    outcome = Outcome(name, database, points=len(points))
    for point in chosen(points, drill):
        outcome.tries += 1
        if fault := killed(drill, world, point, states):
            outcome.wrong.append(f"{place(points, point)}: {fault}")
    points = act(drill, world.copy("whole"), broken=drill.broken)
    for point in chosen(points, drill, times=6):
        if fault := killed(drill, world, point, states, drill.broken):
            outcome.noticed = f"{place(points, point)}: {fault}"
            break
    world.remove()
    return outcome


def chosen(points: list[str], drill: "Drill", times: int = 1) -> list[int | str]:
    return [*kill_points.spread(points, drill.limit * times), *[kill_points.WHOLE] * times * bool(drill.growing)]


def place(points: list[str], point: int | str) -> str:
    return point if isinstance(point, str) else f"{point} of {len(points)}, {points[point - 1]}"


def child(world: World, work: Callable[[World], Any]) -> Any:
    return start(world, lambda: work(world)).result()


def act(
    drill: "Drill",
    world: World,
    point: int | str | None = None,
    broken: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Any:
    """Do it in a child, perhaps killed; return the points that were reached, None when it was killed."""

    def work(world: World) -> list[str]:
        points = Points(point)
        with broken(), points.watched(lambda: bool(drill.growing and drill.growing(world))):
            drill.act(world)
        return points.seen

    result = child(world, work)
    kill_points.wait_until_left(world)
    return result


def killed(
    drill: "Drill",
    source: World,
    point: int | str,
    states: list[Any],
    broken: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> str:
    """Kill it there, ask what must hold, run it again, ask for the facts; return what is wrong, "" if nothing."""
    world = source.copy("struck")
    try:
        act(drill, world, point, broken)
        child(world, drill.between)
        if drill.whole and (state := child(world, drill.facts)) not in states:
            return f"half done: {difference(states[-1], state)}"
        act(drill, world, None, broken)
        facts = child(world, drill.facts)
    except ChildError as error:
        return str(error).strip().splitlines()[-1][:300]
    return "" if facts == states[-1] else difference(states[-1], facts)


def difference(expected: Any, found: Any) -> str:
    if isinstance(expected, dict):
        parts = [f"{key}: {found[key]}, not {expected[key]}" for key in expected if found[key] != expected[key]]
        return "; ".join(parts)[:300]
    return f"{found}, not {expected}"[:300]


def run_race(name: str, race: "Race", base: World, database: str) -> Outcome:
    """Let several do it at one moment, again and again; then without the rule, until it is noticed."""
    outcome = Outcome(name, database)
    for broken in (False, True):
        for _ in range(race.rounds):
            world = base.copy("race")
            child(world, race.prepare)
            if broken:
                child(world, race.break_database)
            works = [partial(race.act, world, number, broken) for number in range(race.people)]
            try:
                kill_points.together(world, *works)
                fault = child(world, race.fault)
            except ChildError as error:
                fault = str(error).strip().splitlines()[-1]
            outcome.tries += not broken
            if broken and fault:
                outcome.noticed = fault
                break
            if fault:
                outcome.wrong.append(fault)
    return outcome


def run_all(names: list[str], database: str) -> None:
    """Run the drills in this process's own environment; print an outcome a line, as JSON."""
    django.setup()
    from . import races
    from .kill_drills import DRILLS, open_clinic

    with tempfile.TemporaryDirectory(prefix="clinic-kills-", dir="/tmp") as folder:
        base = World(Path(folder) / f"kills_{os.getpid()}")
        base.folder.mkdir()
        base.empty_database()
        child(base, open_clinic)
        for name in names:
            if name in RACES and database not in races.RACES[name].databases:
                continue  # where no two can do it at once
            try:
                outcome = (
                    run_race(name, races.RACES[name], base, database)
                    if name in RACES
                    else run_kills(name, DRILLS[name], base, database)
                )
            except ChildError as error:
                outcome = Outcome(name, database, wrong=["".join(str(error).splitlines(keepends=True)[-12:])])
            say(json.dumps(asdict(outcome)))


def on_database(names: Sequence[str], database: str) -> list[Outcome]:
    """Run the drills in a process with that database, and print the verdicts as they come."""
    outcomes = []
    with ExitStack() as stack:
        var, url = stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-kills-")), "sqlite:///unused.sqlite3"
        if database == "postgresql":
            url = stack.enter_context(services.throwaway_postgres(servers.postgres_programs()))
        env = servers.site_environment(url, Path(var), LOG_LEVEL="ERROR", DJANGO_SETTINGS_MODULE="clinic.settings")
        argv = [sys.executable, "-m", "bench.kills", "--inside", database, *names]
        process = stack.enter_context(subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True))
        for line in process.stdout or ():
            outcomes.append(Outcome(**json.loads(line)))
            say(str(outcomes[-1]))
    if process.returncode:
        outcomes.append(Outcome("all", database, wrong=["the drills broke off"]))
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    known = [*KILLS, *RACES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(known)}; all when none is named")
    parser.add_argument("--database", choices=DATABASES, help="only this one")
    parser.add_argument("--inside", choices=DATABASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = arguments.names or known
    if arguments.inside:
        run_all(names, arguments.inside)
        return 0
    return run(names, [arguments.database] if arguments.database else DATABASES)


def run(names: Sequence[str], databases: Sequence[str]) -> int:
    """Run these drills on these databases; keep the figures when it was all of them; return how many failed."""
    outcomes = [outcome for database in databases for outcome in on_database(names, database)] if names else []
    if {*names} == {*KILLS, *RACES} and databases == DATABASES:
        kept = [{**asdict(outcome), "passed": outcome.passed} for outcome in outcomes]
        (RESULTS / "kills.json").write_text(json.dumps(kept, indent=2) + "\n")
    return sum(not outcome.passed for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
