"""Public pages through `deploy/nginx/clinic.conf`, beside static files of the same bytes. `python -m bench.pages`

One nginx, one certificate, one port: the article has a twin in each coding, a file with the very bytes and headers of
the site's answer. Behind it too, Wagtail, as its guide begins one, renders a page of the same length, not
compressed, with and without wagtail-cache.
"""

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests import services
from tests.deployment import site as deployment_site
from tests.processes import free_port

from . import servers
from .harness import Target, alternate, cpu_seconds, family, report, say

PATH = "/learn/how-ketamine-works/"
CODINGS = ("identity", "gzip", "br")
OWN = ("server", "date", "connection", "content-type", "content-length", "etag")  # what nginx says by itself
PEER = Path(__file__).parent / "wagtail_site"
# One address asks for all: what nginx allows one visitor would be all that is measured.
CHANGES = {
    r"rate=30r/s": "rate=1000000r/s",
    r"location /static/ \{": r"location /bench/ { include FOLDER/twins/*.conf; }\n    \g<0>",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true", help="leave Wagtail out")
    options = parser.parse_args()
    with ExitStack() as stack:
        twins = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-twins-", dir="/tmp")))
        twins.chmod(0o755)
        changes = {old: new.replace("FOLDER/twins", str(twins)) for old, new in CHANGES.items()}
        site, everything, _ = stack.enter_context(deployment_site.running("localhost", changes))
        tag = make_twins(site, twins)
        peers = {} if options.no_peer else start_peer(stack, site.request(PATH)[1])
        for name, port in peers.items():
            proxy = f"location = /bench/{name} {{ proxy_pass http://127.0.0.1:{port}/; }}\n"
            (twins / f"{name}.conf").write_text(proxy)
        everything.reload_nginx()
        fetch = functools.partial(servers.wrk, site.https, origin=f"https://{site.name}", seconds=options.seconds)
        cases = {}
        for coding in CODINGS:
            cases[f"static file, {coding}"] = functools.partial(fetch, f"/bench/{coding}")
            cases[f"the site, {coding}"] = functools.partial(fetch, PATH, headers={"Accept-Encoding": coding})
        unchanged = {"Accept-Encoding": "br", "If-None-Match": tag}
        cases["the site, 304"] = functools.partial(fetch, PATH, headers=unchanged)
        cases |= {name: functools.partial(fetch, f"/bench/{name}") for name in peers}
        figures = alternate(cases, options.rounds)
        pids = [everything.nginx_pid, *(process.pid for process in everything.running.values())]
        ours = {name: ask for name, ask in cases.items() if name not in peers}
        costs = alternate(
            {name: functools.partial(cost, pids, ask, options.seconds) for name, ask in ours.items()}, options.rounds
        )
    for name, spent in costs.items():
        say(f"  {name:<58} {spent:>12.1f} µs of processor")
    return report("pages", figures, judge(figures, costs), "requests/s")


def cost(pids: list[int], ask: Callable[[], float], seconds: int) -> float:
    """Microseconds of processor time for one request, of nginx, the web services and the worker together."""
    before = {each: cpu_seconds([each]) for pid in pids for each in family(pid)}
    answered = ask() * seconds
    there = [pid for pid in before if Path(f"/proc/{pid}").exists()]  # nginx's loader of the cache ends by itself
    return sum(cpu_seconds([pid]) - before[pid] for pid in there) / answered * 1e6


def judge(figures: Mapping[str, float], costs: Mapping[str, float]) -> list[Target]:
    targets = []
    for coding in CODINGS:
        ratio = figures[f"the site, {coding}"] / figures[f"static file, {coding}"]
        spent = costs[f"the site, {coding}"] / costs[f"static file, {coding}"]
        targets.append(Target(f"of nginx static, {coding}", ratio, 0.5))
        targets.append(Target(f"processor time of the static file's, {coding}", spent, 3, "x", at_most=True))
    bounds = {"wagtail-cache": 5, "wagtail": 100}
    targets += [
        Target(f"of {name}", figures["the site, br"] / figures[name], bound, "x")
        for name, bound in bounds.items()
        if name in figures
    ]
    return targets


def make_twins(site: deployment_site.Site, folder: Path) -> str:
    """A file for each coding with the answer's bytes, and its headers in nginx's words; the tag of the last."""
    for coding in CODINGS:
        answer, body = site.request(PATH, Accept_Encoding=coding)
        (folder / coding).write_bytes(body)
        headers = [f'add_header {name} "{value}";' for name, value in answer.headers.items() if name.lower() not in OWN]
        kind = f'types {{ }} default_type "{answer.headers["Content-Type"]}";'
        lines = [f"location = /bench/{coding} {{", f"alias {folder / coding};", kind, *headers, "}"]
        (folder / f"{coding}.conf").write_text("\n".join([*lines, ""]))
    return str(answer.headers["ETag"])


def start_peer(stack: ExitStack, page: bytes) -> dict[str, int]:
    """Ports of a Wagtail site in a virtual environment of its own, by name."""
    python = peer_python()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    site = folder / "peer"
    shutil.copytree(PEER, site)
    body = folder / "body.html"
    body.write_bytes(page.partition(b"<main")[2].partition(b">")[2].partition(b"</main>")[0])
    url = stack.enter_context(services.throwaway_postgres(servers.postgres_programs()))
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "PEER_BODY": str(body)}
    subprocess.run([python, "make.py"], cwd=site, env=env, check=True)
    ports = {}
    for name, cached in (("wagtail-cache", "yes"), ("wagtail", "no")):
        port = free_port()
        argv = [python, "-m", "granian", *servers.GRANIAN, "--port", str(port), "wsgi:application"]
        stack.enter_context(servers.running(argv, port, env={**env, "PEER_CACHED": cached}, cwd=site))
        ports[name] = port
    return ports


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
