"""Break the core rules one small change at a time and count what no test notices: `make mutants`.

Each module is mutated by cosmic-ray in a copy of the tree, and only the tests named for it run. A seeded sample of its
mutants keeps the time bounded (--sample, 0 is all); survivors are printed as diffs.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

TOP = Path(__file__).resolve().parent.parent
SEED = 20261130
S = "tests/signups"
# Module → the tests that cover its rules.
TARGETS = {
    "signups/scheduling": [f"{S}/scheduling", f"{S}/calls/test_calendar.py"],
    "signups/consents/contact_policy.py": [f"{S}/consents"],
    "signups/messages/send_policy.py": [f"{S}/messages/test_send_policy.py", f"{S}/calls/test_emails.py"],
    "signups/calls/actions.py": [f"{S}/calls"],
    "signups/callbacks/actions.py": [f"{S}/callbacks"],
    "signups/trials/actions.py": [f"{S}/trials", "tests/promises"],
    "signups/trials/models.py": [f"{S}/trials", "tests/promises"],
    "signups/ops/rate_limit.py": [f"{S}/ops/test_rate_limit.py"],
    "signups/audit/chain.py": [f"{S}/audit"],
    "signups/audit/signing.py": [f"{S}/audit"],
    "clinic/lib/contact_hours.py": ["tests/clinic/lib/test_contact_hours.py"],
    "clinic/roles.py": ["tests/clinic/test_staff.py", "tests/threats/test_19_role_matrix.py"],
}
CONFIG = """[cosmic-ray]
module-path = {module}
timeout = {timeout}
excluded-modules = []
test-command = {command}
[cosmic-ray.distributor]
name = "local"
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutate the core rules and count what no test notices.")
    parser.add_argument("--only", default="", help="modules whose path contains this")
    parser.add_argument("--sample", type=int, default=40, help="mutants of each module (0: all)")
    parser.add_argument("--timeout", type=int, default=300, help="seconds for the tests of one mutant")
    options = parser.parse_args()
    killed = survived = 0
    with tempfile.TemporaryDirectory(prefix="clinic-mutants-") as folder:
        tree = copy_tree(Path(folder) / "tree")
        for module, tests in TARGETS.items():
            if options.only in module:
                dead, alive = run_module(tree, module, tests, options.sample, options.timeout)
                killed, survived = killed + dead, survived + alive
    rate = 100 * killed / max(1, killed + survived)
    sys.stdout.write(f"\n{killed} killed, {survived} survived: {rate:.1f} % of {killed + survived} (seed {SEED})\n")
    return 0


def copy_tree(tree: Path) -> Path:
    """The files git knows, so that a mutant left behind by an interrupted run is in no working tree."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (TOP / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, tree / name)
    return tree


def run_module(tree: Path, module: str, tests: list[str], sample: int, timeout: int) -> tuple[int, int]:
    session, config = tree / "mutants.sqlite", tree / "mutants.toml"
    session.unlink(missing_ok=True)
    # -x: one failure kills. Nothing but the database is kept from run to run.
    flags = "-x -q -n 0 --no-header --tb=no -p no:randomly --reuse-db"
    command = f"{sys.executable} -m pytest {flags} {' '.join(tests)}"
    config.write_text(CONFIG.format(module=json.dumps(module), timeout=timeout, command=json.dumps(command)))
    env = {
        **os.environ,
        "ENVIRONMENT": "local",
        "ENV_FILE": "",
        "DATA_DIR": str(tree / "var"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if (code := subprocess.call(command.split(), cwd=tree, env=env, stdout=subprocess.DEVNULL)) != 0:
        sys.stdout.write(f"{module}: its tests fail without a mutant (exit code {code}); left out\n")
        return 0, 0
    cosmic_ray(tree, env, "init", config.name, session.name)
    with use_db(session, WorkDB.Mode.open) as db:
        choose(db, sample)
    cosmic_ray(tree, env, "exec", config.name, session.name)
    with use_db(session, WorkDB.Mode.open) as db:
        return report(module, db)


def cosmic_ray(tree: Path, env: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "cosmic_ray.cli", *arguments], cwd=tree, env=env, check=True)


def choose(db: WorkDB, sample: int) -> None:
    """Skip all but a sample, the same in each run, which prefers no operator."""
    items = sorted(db.pending_work_items, key=lambda item: str(item.mutations))
    chosen = {
        item.job_id for item in random.Random(SEED).sample(items, min(sample, len(items)) if sample else len(items))
    }
    for item in items:
        if item.job_id not in chosen:
            db.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED, output="not in the sample"))


def report(module: str, db: WorkDB) -> tuple[int, int]:
    results = [result for _, result in db.results if result.worker_outcome == WorkerOutcome.NORMAL]
    alive = [result for result in results if result.test_outcome == TestOutcome.SURVIVED]
    for result in alive:
        sys.stdout.write(f"\nsurvived:\n{result.diff}\n")
    sys.stdout.write(f"{module}: {len(results) - len(alive)} of {len(results)} killed\n")
    sys.stdout.flush()
    return len(results) - len(alive), len(alive)


if __name__ == "__main__":
    raise SystemExit(main())
