"""Run every layer of tests and say plainly what ran on what, and what could not: `make test`, standard library only.

Whatever a layer needs is found or, on Debian as root, installed. What is missing is skipped loudly; where CI=true,
a skip is a failure.
"""

import argparse
import functools
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import services

TOP = Path(__file__).resolve().parent.parent
UNIT = ("tests", "--ignore=tests/e2e", "--ignore=tests/deployment", "-n", "2", "--dist", "worksteal")
# A walk is slow: each runs on one database, and what it walks through is tested on both by the units.
VISITORS = ("tests/e2e", "-m", "not desk", "-n", "2")
DESK = ("tests/e2e", "-m", "desk", "-n", "2")
NOTHING_COLLECTED = 5  # pytest's exit code
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HOW_TO = {
    "postgresql": "install PostgreSQL 14 or newer (Debian: apt install postgresql)",
    "chromium": "install Chromium (Debian: apt install chromium) or name one: CHROMIUM=/path/to/chrome",
    "driver": "install what Playwright's driver lacks (Debian: apt install libatomic1)",
    "java": "install Java 11 or newer (Debian: apt install default-jre-headless) or set JAVA_HOME",
    "nginx": "install nginx (Debian: apt install nginx-light)",
    "openssl": "install OpenSSL's command (Debian: apt install openssl)",
    "libical": "install libical 3 (Debian: apt install libical3)",
    "vnu": f"install npm, which fetches the HTML checker ({services.VNU_PACKAGE})",
}
# How each is found, and how it is installed where that is ours to do.
PROVIDERS: dict[str, tuple[Callable[[], Path | None], Callable[[], bool]]] = {
    "postgresql": (services.find_postgres, functools.partial(services.install, "postgresql")),
    "chromium": (services.find_chromium, functools.partial(services.install, "chromium")),
    "driver": (services.find_driver, services.install_driver),
    "java": (services.find_java, functools.partial(services.install, "default-jre-headless")),
    "nginx": (functools.partial(services.find, "nginx"), functools.partial(services.install, "nginx-light")),
    "openssl": (functools.partial(services.find, "openssl"), functools.partial(services.install, "openssl")),
    "libical": (services.find_libical, functools.partial(services.install, "libical3")),
    "vnu": (services.find_vnu, services.install_vnu),
}


@dataclass(frozen=True)
class Layer:
    name: str
    group: str  # what --only calls it
    tests: tuple[str, ...]  # for pytest
    needs: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()  # without these it runs, and some of its tests are skipped


@dataclass(frozen=True)
class Result:
    layer: Layer
    outcome: str  # "passed", "no match", "FAILED" or "SKIPPED"
    seconds: float = 0.0
    note: str = ""


LAYERS = (
    Layer("SQLite", "sqlite", (*UNIT, "-m", "sqlite")),
    Layer("PostgreSQL", "postgresql", UNIT, ("postgresql",), ("libical",)),
    Layer("Browser on SQLite", "browser", VISITORS, ("chromium", "driver"), ("java", "vnu")),
    Layer("Browser on PostgreSQL", "browser", DESK, ("chromium", "driver", "postgresql")),
    Layer("Deployment", "deployment", ("tests/deployment",), ("postgresql", "nginx", "openssl")),
)
WHOLE_SQLITE = Layer("SQLite", "sqlite", UNIT)
GROUPS = tuple(dict.fromkeys(layer.group for layer in LAYERS))


def announce(layers: list[Layer]) -> None:
    """Say what is missing and would be installed, before anything is."""
    needs = dict.fromkeys(need for layer in layers for need in layer.needs + layer.wants)
    missing = [need for need in needs if PROVIDERS[need][0]() is None]
    if missing:
        say(f"To be installed first, on Debian as root: {', '.join(missing)} (Ctrl-C stops, --only leaves layers out).")


@functools.cache
def provide(need: str) -> Path | None:
    """Where a service is, installed first if it is missing and may be; asked once for all layers."""
    find, install = PROVIDERS[need]
    found = find()
    if found is None:
        say(f"{need} is missing; trying to install it …")
        found = find() if install() else None
    return found


def clean_environment() -> dict[str, str]:
    """The environment without this project's settings, so that no developer's shell or .env decides a test."""
    ours = set(re.findall(r"^#?\s*([A-Z][A-Z_]*)=", (TOP / ".env.example").read_text(), re.MULTILINE))
    ours |= {"DJANGO_SETTINGS_MODULE", "CHROMIUM"}
    kept = {name: value for name, value in services.postgres_environment().items() if name not in ours}
    return kept | {"ENVIRONMENT": "local", "ENV_FILE": "", "PYTHONUNBUFFERED": "1"}


def run_layer(layer: Layer, extra: list[str]) -> Result:
    """Run one layer on services of its own and judge it."""
    missing = how_to_get(layer.needs)
    if missing:
        return Result(layer, "SKIPPED", note=missing)
    lacking = how_to_get(layer.wants)
    started = time.monotonic()
    try:
        heading(title(layer))
        code = run_on_services(layer, extra)
    except services.ServiceError as error:
        say(str(error))
        code = 1
    outcome = "passed" if code == 0 else "FAILED"
    # Choosing tests by name may leave a layer with none; otherwise an empty layer is a mistake.
    if code == NOTHING_COLLECTED and any(arg.startswith("-k") for arg in extra):
        outcome = "no match"
    return Result(layer, outcome, time.monotonic() - started, lacking)


def how_to_get(needs: tuple[str, ...]) -> str:
    """What to do about those that are not there; empty when all are."""
    return "; ".join(HOW_TO[need] for need in needs if provide(need) is None)


def run_on_services(layer: Layer, extra: list[str]) -> int:
    env = clean_environment()
    with ExitStack() as stack:
        if "postgresql" in layer.needs and (bin_dir := provide("postgresql")):
            env["DATABASE_URL"] = stack.enter_context(services.throwaway_postgres(bin_dir))
        if "chromium" in layer.needs:
            env["CHROMIUM"] = str(provide("chromium"))
        return run(["pytest", *layer.tests, *extra], env)


def title(layer: Layer) -> str:
    """The layer with the versions it really runs on, such as "Browser: Chromium 156.0 on SQLite 3.45.1"."""
    if layer.group == "deployment":
        return "Deployment: nginx, site, worker and PostgreSQL as deploy/ starts them"
    database = f"SQLite {sqlite3.sqlite_version}"
    if "postgresql" in layer.needs and (bin_dir := provide("postgresql")):
        database = services.postgres_version(bin_dir)
    if "chromium" in layer.needs and (browser := provide("chromium")):
        return f"Browser: {services.chromium_version(browser)} on {database}"
    return database


def run(module: list[str], env: dict[str, str]) -> int:
    """The exit code of `python -m module`. Told to stop, it gets one SIGINT, so that it takes down what it started."""
    process = subprocess.Popen([sys.executable, "-m", *module], cwd=TOP, env=env, start_new_session=True)
    try:
        return process.wait()
    except BaseException:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise


def stop(number: int, frame: FrameType | None) -> None:
    """Leave by an exception, so that every `finally` runs; a second signal must not interrupt those."""
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN)
    say("\nStopping …")
    raise SystemExit(128 + number)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()  # before a child writes to the same place


def heading(text: str) -> None:
    say(f"\n=== {text} {'=' * max(3, 100 - len(text))}")


def summary(results: list[Result]) -> None:
    heading("Summary")
    for result in results:
        say(f"{result.layer.name:<24}{result.outcome:<9}{result.seconds:6.1f} s")
    for result in results:
        if result.outcome == "SKIPPED":
            say(f"\n!!! SKIPPED: {result.layer.name} layer – its tests did NOT run.\n!!! To run it, {result.note}.")
        elif result.note:
            say(f"\n!!! SKIPPED: some tests of the {result.layer.name} layer.\n!!! To run them, {result.note}.")


def chosen_groups(text: str) -> list[str]:
    groups = text.split(",")
    if unknown := set(groups) - set(GROUPS):
        raise argparse.ArgumentTypeError(f"no such layer: {', '.join(sorted(unknown))} (there are {', '.join(GROUPS)})")
    return groups


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the tests; further arguments go to pytest.", allow_abbrev=False)
    parser.add_argument("--only", type=chosen_groups, default=GROUPS, metavar=",".join(GROUPS))
    parser.add_argument("--whole", action="store_true", help="run all units on SQLite, not only those marked for it")
    options, extra = parser.parse_known_args()
    layers = [
        WHOLE_SQLITE if options.whole and layer.group == "sqlite" else layer
        for layer in LAYERS
        if layer.group in options.only
    ]
    for number in STOPPING:
        signal.signal(number, stop)
    announce(layers)
    results = [run_layer(layer, extra) for layer in layers]
    summary(results)
    bad = {"FAILED", "SKIPPED"} if os.environ.get("CI", "").lower() in {"true", "1"} else {"FAILED"}
    return 1 if any(result.outcome in bad for result in results) else 0


if __name__ == "__main__":
    raise SystemExit(main())
