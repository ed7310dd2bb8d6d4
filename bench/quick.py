"""Queries, calls and memory of the hot paths, beside the figures of the last time: `python -m bench --quick`.

They do not depend on how busy the machine is, so what grew is named and fails `make check`. Calls (of functions,
Python's and built in) stand for instructions; they and memory are compared on the Python version that made the figures,
queries on all. The site runs on SQLite in this process, at a fixed hour. `python -m bench.quick --update` keeps new
figures.
"""

import argparse
import contextlib
import datetime as dt
import functools
import io
import itertools
import json
import logging
import os
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from . import load
from .harness import RESULTS, say

FIGURES = RESULTS / "quick.json"
NOW = dt.datetime(2026, 12, 15, 15, 0, tzinfo=dt.UTC)  # a Tuesday, 10 a.m. in New York
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
LEADS = 60
HOST = "127.0.0.1"
FORM = "application/x-www-form-urlencoded"
SLACK = {"queries": 1.0, "calls": 1.05, "memory": 1.15}  # what may be added before it counts as grown
MARGIN = {"queries": 0, "calls": 200, "memory": 64}


@dataclass
class Cost:
    """What one run of a path takes: queries, calls of functions, and kilobytes at the most."""

    queries: int
    calls: int
    memory: int


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="keep what is measured as the new figures")
    options = parser.parse_args(arguments)
    with site() as paths:
        costs = {name: cost_of(path) for name, path in paths.items()}
    for name, cost in costs.items():
        say(f"  {name:<32} {cost.queries:>4} queries {cost.calls:>9,} calls {cost.memory:>7,} kB")
    if options.update:
        kept = {"python": PYTHON, "paths": {name: asdict(cost) for name, cost in costs.items()}}
        FIGURES.write_text(json.dumps(kept, indent=2) + "\n")
        return 0
    grown = list(compare(costs, json.loads(FIGURES.read_text())))
    for line in grown:
        say(line)
    say("Nothing grew." if not grown else "If that is worth it: python -m bench.quick --update")
    return len(grown)


def compare(costs: dict[str, Cost], kept: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each figure that grew, and for each path that has none."""
    comparable = ["queries", "calls", "memory"] if kept["python"] == PYTHON else ["queries"]
    for name, cost in costs.items():
        if name not in kept["paths"]:
            yield f"{name}: no figures of it yet"
            continue
        for what in comparable:
            before, now = kept["paths"][name][what], getattr(cost, what)
            if now > before * SLACK[what] + MARGIN[what]:
                yield f"{name}: {what} grew from {before:,} to {now:,}"


def cost_of(path: Callable[[], object]) -> Cost:
    """Count what the third run of `path` takes: the first two fill caches."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    path()
    path()
    with CaptureQueriesContext(connection) as captured:
        path()
    queries, calls = len(captured), 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        path()
    finally:
        sys.setprofile(None)
    tracemalloc.start()
    path()
    memory = tracemalloc.get_traced_memory()[1] // 1024
    tracemalloc.stop()
    return Cost(queries, calls, memory)


@contextlib.contextmanager
def site() -> Iterator[dict[str, Callable[[], object]]]:
    """Yield the hot paths of a site with made-up people, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="clinic-quick-") as folder:
        os.environ |= {"ENVIRONMENT": "local", "ENV_FILE": "", "DATA_DIR": folder, "STAFF_MFA_REQUIRED": "false"}
        os.environ |= {"DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "clinic.settings", "SITE_URL": f"http://{HOST}"}
        os.environ |= {"PUBLIC_FORM_RATE_LIMIT": "1000000"}
        import time_machine

        logging.disable(logging.WARNING)

        with time_machine.travel(NOW, tick=False), contextlib.redirect_stdout(io.StringIO()):
            import django

            django.setup()
            from django.core.management import call_command

            for command in (
                ["collectstatic", "--noinput"],
                ["migrate"],
                ["load_content"],
                ["seed_demo_data", f"--leads={LEADS}"],
            ):
                call_command(*command, verbosity=0)
        with time_machine.travel(NOW + dt.timedelta(hours=1), tick=False) as clock:
            yield paths(clock)


def paths(clock: Any) -> dict[str, Callable[[], object]]:
    """Return each hot path by name; calling it walks it once."""
    from django.conf import settings
    from django.contrib.auth.models import Group, User
    from django.core.cache import caches
    from django.test import Client
    from django.utils import timezone

    from clinic import roles
    from content import page_rendering
    from signups.leads import links
    from signups.messages import delivery
    from signups.trials.models import Trial
    from signups.web import timed_token

    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    head = User.objects.create_user("head", is_staff=True, is_superuser=False)
    head.groups.add(Group.objects.get(name=roles.HEAD))
    visitor, desk = (Client(SERVER_NAME=HOST) for _ in range(2))
    desk.force_login(head, "django.contrib.auth.backends.ModelBackend")
    trial = Trial.objects.running(timezone.now()).latest("pk")
    my_page = links.portal_url(trial.lead).partition(HOST)[2]
    addresses = (f"person{number}@example.com" for number in itertools.count())

    def see(client: Client, address: str) -> None:
        caches["memory"].clear()
        page_rendering._cached_page.cache_clear()
        answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")

    def sign_up(email: str) -> None:
        stamp = timed_token.new_token()
        clock.shift(dt.timedelta(seconds=5))
        answer = visitor.post("/start/", urlencode({**load.PERSON, "email": email, "stamp": stamp}), content_type=FORM)
        if answer.status_code != 303:
            raise SystemExit(f"a sign-up answered {answer.status_code}: {answer.content.decode()[:2000]}")

    def deliver() -> None:
        sign_up(next(addresses))
        if delivery.deliver_due(timezone.now) == 0:
            raise SystemExit("no message was due")

    pages = {"landing page": "/", "article": "/learn/how-ketamine-works/", "sign-up form": "/start/"}
    own = {"their page": my_page, "their page: times of a call": f"{my_page}call/"}
    staff = {
        "my day": "/admin/",
        "leads": "/admin/signups/lead/",
        "leads: search": "/admin/signups/lead/?q=mo",
        "a lead": f"/admin/signups/lead/{trial.lead.pk}/change/",
        "callbacks": "/admin/signups/callbackrequest/",
    }
    return {
        **{name: functools.partial(see, visitor, address) for name, address in (pages | own).items()},
        "a sign-up": lambda: sign_up(next(addresses)),
        "a sign-up of somebody known": lambda: sign_up(trial.lead.email),
        "a sign-up and its email sent": deliver,
        **{name: functools.partial(see, desk, address) for name, address in staff.items()},
    }


if __name__ == "__main__":
    sys.exit(min(main(), 1))
