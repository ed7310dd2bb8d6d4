"""What the benchmarks run against: PostgreSQL, the site as in production, nginx, and wrk to ask them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote

from tests import services
from tests.processes import ROOT, free_port

PGBOUNCER_CONF = """
[databases]
clinic = host={server} dbname=clinic user=clinic
[pgbouncer]
unix_socket_dir = {folder}
listen_port = 5432
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
"""
READY_TRIES = services.WAIT_TIMEOUT * 10
GRANIAN = (
    "--interface",
    "wsgi",
    "--workers",
    "2",
    "--blocking-threads",
    "4",
    "--no-ws",
    "--log-level",
    "warning",
    "--respawn-failed-workers",
)
NGINX_CONF = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 2;
events {{ worker_connections 1024; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    sendfile on;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
}}
"""


class NotThere(SystemExit):
    """Something that a benchmark needs does not answer as it should."""


class Missing(NotThere):
    """A program, or the right to do something, that a benchmark needs is not here and could not be installed."""


def program(name: str, package: str) -> str:
    """The path of a program, installed from Debian's package where that is ours to do."""
    found = services.find(name)
    if not found and services.install(package):
        found = services.find(name)
    if not found:
        raise Missing(f"{name} is needed: install it (Debian: apt install {package})")
    return str(found)


def postgres_programs() -> Path:
    """The folder of PostgreSQL's programs."""
    found = services.find_postgres()
    if not found and services.install("postgresql"):
        found = services.find_postgres()
    if not found:
        raise Missing("PostgreSQL is needed: install it (Debian: apt install postgresql)")
    return found


def site_environment(database_url: str, var: Path, **more: str) -> dict[str, str]:
    """Of the site's processes; nothing of a developer's own settings."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    ours = {
        "ENVIRONMENT": "local",
        "ENV_FILE": "",
        "DATA_DIR": str(var),
        "DATABASE_URL": database_url,
        "LOG_LEVEL": "ERROR",
    }
    return kept | ours | more


def manage(env: Mapping[str, str], *command: str) -> None:
    """`manage.py command`, to its end."""
    subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)


def set_up(env: Mapping[str, str]) -> None:
    """The site's tables, content and static files, as an installation makes them."""
    for command in (("migrate", "--verbosity=0"), ("collectstatic", "--noinput"), ("load_content",)):
        manage(env, *command)


@contextmanager
def running(
    argv: Sequence[str], port: int, *, env: Mapping[str, str], cwd: Path = ROOT, path: str = "/"
) -> Iterator[int]:
    """A server that answers on `port`; yields the process id of its group, which is gone afterwards."""
    with started(argv, env=env, cwd=cwd) as process:
        wait_until_ready(process, port, path)
        yield process.pid


@contextmanager
def started(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path = ROOT) -> Iterator[subprocess.Popen[bytes]]:
    """A process at the head of a group of its own, which is gone afterwards."""
    process = subprocess.Popen(argv, cwd=cwd, env=env, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(services.WAIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    for _ in range(READY_TRIES):
        if process.poll() is not None:
            raise NotThere(f"{process.args!r} ended with {process.returncode} before it was ready")
        question = HTTPConnection("127.0.0.1", port, timeout=services.WAIT_TIMEOUT)
        try:
            question.request("GET", path)
            if question.getresponse().status < 500:
                return
        except (OSError, HTTPException):
            pass
        finally:
            question.close()
        time.sleep(0.1)
    raise NotThere(f"nothing answers on port {port}")


def granian(application: str, port: int) -> list[str]:
    """The command line of the site's own server for `module:name`, as production runs it."""
    return [sys.executable, "-m", "granian", *GRANIAN, "--port", str(port), application]


@contextmanager
def nginx(folder: Path, http: str) -> Iterator[tuple[int, int]]:
    """(port, process id) of an nginx with `http` (with `{port}` in it) in its `http` block."""
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(NGINX_CONF.format(folder=folder, http=http.replace("{port}", str(port))))
    argv = [program("nginx", "nginx-light"), "-p", str(folder), "-c", str(conf)]
    with running(argv, port, env=dict(os.environ)) as pid:
        yield port, pid


@contextmanager
def pgbouncer(url: str) -> Iterator[str]:
    """The address of a pooler in transaction mode before a throwaway server: four connections for everybody."""
    argv = [program("pgbouncer", "pgbouncer")]
    account = services.server_account()  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="clinic-pool-", dir="/tmp") as name:
        if account:
            shutil.chown(name, account["user"], account["group"])
        conf = Path(name) / "pgbouncer.ini"
        conf.write_text(PGBOUNCER_CONF.format(folder=name, server=services.postgres_folder(url)))
        process = subprocess.Popen([*argv, "-q", str(conf)], start_new_session=True, **account)
        try:
            yield url.replace(quote(str(services.postgres_folder(url)), safe=""), quote(name, safe=""))
        finally:
            process.terminate()
            process.wait()


def wrk(
    port: int,
    path: str = "/",
    *,
    seconds: int = 4,
    connections: int = 16,
    headers: Mapping[str, str] | None = None,
    origin: str = "http://127.0.0.1",
) -> float:
    """Requests per second of wrk with 2 threads; raises NotThere when an answer was not a success."""
    flags = [part for name, value in (headers or {}).items() for part in ("-H", f"{name}: {value}")]
    argv = [program("wrk", "wrk"), "-t2", f"-c{connections}", f"-d{seconds}s", *flags, f"{origin}:{port}{path}"]
    output = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output:
        raise NotThere(f"errors from port {port}{path}:\n{output}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if not found:
        raise NotThere(output)
    return float(found[1])


def memory(pids: Sequence[int]) -> float:
    """Megabytes that these processes hold: proportional set size, so that shared pages count once (proc(5))."""
    total = 0
    for pid in pids:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        total += int(found[1]) if found else 0
    return total / 1024


def fetch(port: int, path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The body of one answer."""
    question = HTTPConnection("127.0.0.1", port, timeout=services.WAIT_TIMEOUT)
    try:
        question.request("GET", path, headers=dict(headers or {}))
        return question.getresponse().read()
    finally:
        question.close()
