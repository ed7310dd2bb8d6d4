"""How long a web worker takes from nothing to its first answer. `python -m bench.startup`"""

import argparse
import os
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from tests import services
from tests.processes import free_port

from . import servers
from .harness import Target, alternate, report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with services.throwaway_postgres(servers.postgres_programs()) as url, tempfile.TemporaryDirectory() as folder:
        env = servers.site_environment(url, Path(folder))
        servers.set_up(env)
        figures = alternate(
            {
                "to the first answer": lambda: first_answer(env, "/health/live"),
                "to the landing page, which needs the database": lambda: first_answer(env, "/"),
                "an empty WSGI application, for comparison": lambda: first_answer(
                    {**os.environ, "BARE_BODY": __file__}, "/", "bench.bare:application"
                ),
            },
            options.rounds,
        )
    targets = [Target("cold start of a web worker", figures["to the first answer"], 1.5, "s", at_most=True)]
    return report("startup", figures, targets, "s")


def first_answer(env: dict[str, str], path: str, application: str = "clinic.wsgi:application") -> float:
    """Seconds from starting granian with one worker to the end of its first answer."""
    port = free_port()
    argv = servers.granian(application, port)
    argv[argv.index("--workers") + 1] = "1"
    started = time.perf_counter()
    with servers.started(argv, env=env) as process:
        while time.perf_counter() - started < services.WAIT_TIMEOUT and process.poll() is None:
            question = HTTPConnection("127.0.0.1", port, timeout=services.WAIT_TIMEOUT)
            try:
                question.request("GET", path)
                question.getresponse().read()
                return time.perf_counter() - started
            except OSError:
                time.sleep(0.01)
            finally:
                question.close()
    raise servers.NotThere(f"{application} did not answer")


if __name__ == "__main__":
    sys.exit(min(main(), 1))
