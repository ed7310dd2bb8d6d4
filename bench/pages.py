"""Public pages: the page store beside nginx, a bare WSGI application and Wagtail. `python -m bench.pages`

Everything serves the same article. nginx and the bare application send the very bytes that the page store sends, each
time from memory or the page cache; Wagtail renders a page of the same length, with and without wagtail-cache.
"""

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests import services
from tests.processes import free_port

from . import servers
from .harness import Target, alternate, report, say

PATH = "/learn/how-ketamine-works/"
BROTLI = {"Accept-Encoding": "br"}
PEER = Path(__file__).parent / "wagtail_site"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true", help="leave Wagtail out")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(services.throwaway_postgres(servers.postgres_programs()))
        ours, ours_pid, etag = start_site(stack, url, folder)
        static, static_pid, bare = start_files(stack, folder, ours)
        ask = functools.partial(servers.wrk, seconds=options.seconds)
        cases = {
            "nginx, static file": lambda: ask(static, "/page.br"),
            "nginx, static file, not compressed": lambda: ask(static, "/page.html"),
            "granian, bare WSGI application": lambda: ask(bare),
            "page store, brotli": lambda: ask(ours, PATH, headers=BROTLI),
            "page store, not compressed": lambda: ask(ours, PATH),
            "page store, 304": lambda: ask(ours, PATH, headers={**BROTLI, "If-None-Match": etag}),
        }
        if not options.no_peer:
            cached, plain = start_peer(stack, url, folder, ours)
            cases["Wagtail with wagtail-cache"] = lambda: ask(cached)
            cases["Wagtail"] = lambda: ask(plain)
        figures = alternate(cases, options.rounds)
        costs = alternate(
            {
                "nginx": lambda: servers.cost(static_pid, 20_000, static, "/page.br"),
                "ours": lambda: servers.cost(ours_pid, 20_000, ours, PATH, BROTLI),
            },
            max(1, options.rounds // 2),
        )
    return report("pages", figures, judge(figures, costs), "requests/s")


def judge(figures: dict[str, float], costs: dict[str, float]) -> list[Target]:
    ours = figures["page store, brotli"]
    targets = [
        Target("of nginx static, brotli", ours / figures["nginx, static file"], 0.5),
        Target(
            "of nginx static, not compressed",
            figures["page store, not compressed"] / figures["nginx, static file, not compressed"],
            0.5,
        ),
        Target("of bare granian", ours / figures["granian, bare WSGI application"], 0.75),
        Target("processor time of nginx's", costs["ours"] / costs["nginx"], 3, "x", at_most=True),
    ]
    if "Wagtail" in figures:
        targets += [
            Target("of Wagtail with wagtail-cache", ours / figures["Wagtail with wagtail-cache"], 5, "x"),
            Target("of Wagtail", ours / figures["Wagtail"], 100, "x"),
        ]
    return targets


def start_site(stack: ExitStack, url: str, folder: Path) -> tuple[int, int, str]:
    """(port, process id, the article's tag) of the site with its content, its store filled."""
    port = free_port()
    env = servers.site_environment(url, folder / "var", SITE_URL=f"http://127.0.0.1:{port}")
    servers.set_up(env)
    pid = stack.enter_context(
        servers.running(servers.granian("clinic.wsgi:application", port), port, env=env, path="/health/ready")
    )
    return port, pid, servers.stored_tag(port, PATH, BROTLI)


def start_files(stack: ExitStack, folder: Path, ours: int) -> tuple[int, int, int]:
    """(nginx's port, its process id, the bare application's port), with the bytes that the page store sends."""
    www = folder / "www"
    www.mkdir()
    (www / "page.html").write_bytes(servers.fetch(ours, PATH))
    (www / "page.br").write_bytes(servers.fetch(ours, PATH, BROTLI))
    for path in (folder, www):
        path.chmod(0o755)
    http = f"server {{ listen 127.0.0.1:{{port}}; root {www}; default_type text/html; }}"
    static, static_pid = stack.enter_context(servers.nginx(folder, http))
    bare = free_port()
    env = {**os.environ, "BARE_BODY": str(www / "page.br")}
    stack.enter_context(servers.running(servers.granian("bench.bare:application", bare), bare, env=env))
    return static, static_pid, bare


def start_peer(stack: ExitStack, url: str, folder: Path, ours: int) -> tuple[int, int]:
    """(port with wagtail-cache, port without) of a Wagtail site in a virtual environment of its own."""
    python = peer_python()
    site = folder / "peer"
    shutil.copytree(PEER, site)
    body = folder / "body.html"
    body.write_bytes(servers.fetch(ours, PATH).partition(b"<main")[2].partition(b">")[2].partition(b"</main>")[0])
    database = url.rpartition("/")[0] + "/peer"
    host, user = url.removeprefix("postgres://").rpartition("/")[0].split("@")[::-1]
    services.run(
        [servers.postgres_programs() / "createdb", "--host", host.replace("%2F", "/"), "--username", user, "peer"]
    )
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": database, "PEER_BODY": str(body)}
    subprocess.run([python, "make.py"], cwd=site, env=env, check=True)
    ports = []
    for cached in ("yes", "no"):
        port = free_port()
        argv = [python, "-m", "granian", *servers.GRANIAN, "--port", str(port), "wsgi:application"]
        stack.enter_context(servers.running(argv, port, env={**env, "PEER_CACHED": cached}, cwd=site))
        ports.append(port)
    return ports[0], ports[1]


def peer_python() -> str:
    """Python of the environment that has Wagtail, made on first use beside this one."""
    folder = Path(sys.prefix).parent / "var/bench/wagtail"
    python = folder / "bin/python"
    if not (folder / "ready").exists():
        say("Installing Wagtail for comparison …")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", PEER / "requirements.txt"], check=True)
        (folder / "ready").touch()
    return str(python)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
