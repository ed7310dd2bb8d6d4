"""What two web workers and the worker hold together after many requests. `python -m bench.memory`"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests import services
from tests.processes import free_port

from . import servers
from .harness import Target, family, report

PAGES = ("/", "/learn/how-ketamine-works/", "/start/", "/admin/login/")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    options = parser.parse_args()
    with services.throwaway_postgres(servers.postgres_programs()) as url, tempfile.TemporaryDirectory() as folder:
        port = free_port()
        env = servers.site_environment(url, Path(folder), SITE_URL=f"http://127.0.0.1:{port}")
        servers.set_up(env)
        web = servers.granian("clinic.wsgi:application", port)
        worker = [sys.executable, "manage.py", "run_worker"]
        with servers.running(web, port, env=env) as pid, servers.started(worker, env=env) as process:
            first = servers.memory([*family(pid), process.pid])
            answered = 0
            while answered < options.requests:
                for path in PAGES:
                    answered += int(servers.wrk(port, path, seconds=2) * 2)
            last = servers.memory([*family(pid), process.pid])
    figures = {"when started": first, f"after {answered:,} requests": last}
    return report("memory", figures, [Target("of all processes together", last, 150, "MB", at_most=True)], "MB")


if __name__ == "__main__":
    sys.exit(min(main(), 1))
