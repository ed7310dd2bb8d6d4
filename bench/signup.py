"""Sign-ups a second: the whole form through the site, beside pgbench with the same inserts. `python -m bench.signup`

PostgreSQL keeps what it says it keeps (fsync on) for both. pgbench's transaction is what one sign-up inserted, read
from the database's own words, with other values each time.
"""

import argparse
import functools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

from tests import services
from tests.processes import ROOT, free_port

from . import load, servers
from .harness import Target, alternate, report, say

SELF = [sys.executable, "-m", "bench.signup"]
LEAD = 987654321  # an id that stands out in the statements
CLIENTS = (1, 8, 32)
UUID = re.compile(r"'[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}'(::uuid)?")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--leads", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--part", choices=["capture", "fill"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        return part(options)
    with ExitStack() as stack:
        url = stack.enter_context(services.throwaway_postgres(servers.postgres_programs(), durable=True))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        env = servers.site_environment(
            url,
            folder,
            SITE_URL=f"http://127.0.0.1:{port}",
            TRUSTED_PROXY_COUNT="1",
            PUBLIC_FORM_RATE_LIMIT="100000000",
        )
        servers.set_up(env)
        transaction = folder / "signup.sql"
        transaction.write_bytes(
            subprocess.run([*SELF, "--part=capture"], cwd=ROOT, env=env, check=True, stdout=-1).stdout
        )
        stack.enter_context(servers.running(servers.granian("clinic.wsgi:application", port), port, env=env))
        site = Site(port, env, folder)
        figures: dict[str, float] = {}
        worst: dict[str, float] = {}
        for leads in options.leads:
            subprocess.run([*SELF, "--part=fill", f"--leads={leads}"], cwd=ROOT, env=env, check=True)
            cases = {}
            for clients in CLIENTS:
                who = f"{clients} clients, {leads:,} leads"
                theirs = functools.partial(pgbench, url, transaction, clients, options.seconds, worst)
                cases[f"pgbench, {who}"] = functools.partial(theirs, f"pgbench {clients} {leads}")
                ours = functools.partial(site.signups, clients, options.seconds, worst)
                cases[f"sign-up, {who}"] = functools.partial(ours, f"ours {clients} {leads}")
            figures |= alternate(cases, options.rounds)
    return report("signup", figures, judge(figures, worst, options.leads), "sign-ups/s")


def judge(figures: dict[str, float], worst: dict[str, float], sizes: list[int]) -> list[Target]:
    targets = []
    for leads in sizes:
        for clients in (8, 32):
            ours = figures[f"sign-up, {clients} clients, {leads:,} leads"]
            theirs = figures[f"pgbench, {clients} clients, {leads:,} leads"]
            targets.append(Target(f"of pgbench, {clients} clients, {leads:,} leads", ours / theirs, 0.25))
        late = worst[f"ours 8 {leads}"] / worst[f"pgbench 8 {leads}"]
        targets.append(Target(f"p99 of pgbench's, 8 clients, {leads:,} leads", late, 10, "x", at_most=True))
    small, large = (figures[f"sign-up, 8 clients, {leads:,} leads"] for leads in (sizes[0], sizes[-1]))
    if sizes[0] != sizes[-1]:
        targets.append(Target(f"at {sizes[-1]:,} leads of at {sizes[0]:,}", large / small, 0.9))
    return targets


class Site:
    """The running site, and people's forms for it."""

    def __init__(self, port: int, env: dict[str, str], folder: Path) -> None:
        self.port, self.env, self.folder = port, env, folder
        self.used = 0
        self.stamps = folder / "stamps"
        code = "from signups.web import timed_token\nfor _ in range(200_000): print(timed_token.new_token())"
        made = subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", code], cwd=ROOT, env=env, check=True, stdout=-1
        ).stdout
        self.stamps.write_bytes(made)

    def signups(self, clients: int, seconds: int, worst: dict[str, float], name: str) -> float:
        """Sign-ups a second with `clients` connections; the 99th percentile, in milliseconds, goes to `worst`."""
        cookie, form_token = load.token(self.port)
        body = urlencode({**load.PERSON, "csrfmiddlewaretoken": form_token})
        wrk = [servers.program("wrk", "wrk"), f"-t{min(clients, 2)}", f"-c{clients}", f"-d{seconds}s", "--latency"]
        script = ["-s", str(Path(__file__).with_suffix(".lua")), f"http://127.0.0.1:{self.port}"]
        arguments = ["--", str(self.stamps), body, cookie, str(self.used)]
        output = subprocess.run([*wrk, *script, *arguments], capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in output:
            raise servers.NotThere(output)
        found = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
        if not found or not rate:
            raise servers.NotThere(output)
        worst[name] = float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]
        self.used += int(float(rate[1]) * (seconds + 1))
        return float(rate[1])


def pgbench(url: str, transaction: Path, clients: int, seconds: int, worst: dict[str, float], name: str) -> float:
    """Transactions a second; the 99th percentile, in milliseconds, goes to `worst`."""
    program = servers.postgres_programs() / "pgbench"
    with tempfile.TemporaryDirectory() as logs:
        argv = [program, "-n", "-f", transaction, f"-c{clients}", f"-j{min(clients, 2)}", f"-T{seconds}", "-l"]
        done = subprocess.run(
            [*argv, f"--log-prefix={logs}/log", url.replace("postgres://", "postgresql://")],
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode or not found or "aborted" in done.stderr:
            raise servers.NotThere(done.stdout + done.stderr)
        times = sorted(int(line.split()[2]) for path in Path(logs).iterdir() for line in path.read_text().splitlines())
    worst[name] = times[int(len(times) * 0.99)] / 1000
    return float(found[1])


def part(options: argparse.Namespace) -> int:
    """What runs in a process of the site."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "clinic.settings"
    import django

    django.setup()
    if options.part == "capture":
        say("\n".join(captured()))
    else:
        fill(options.leads[0])
    return 0


def fill(leads: int) -> None:
    """Up to that many leads: copies of one, made by the database itself, with names and addresses of their own."""
    from django.db import connection

    from signups.leads.models import Lead

    own = {
        "public_id": "gen_random_uuid()",
        "name": "md5(n::text)",
        "name_folded": "md5(n::text)",
        "name_key": "md5(n::text)",
        "email": "'filler' || n || '@example.com'",
        "email_key": "'filler' || n || '@example.com'",
        "created_at": "created_at - n * interval '1 minute'",
    }
    columns = [field.column for field in Lead._meta.concrete_fields if not (field.primary_key or field.generated)]
    values = ", ".join(own.get(column, column) for column in columns)
    sql = (
        f"INSERT INTO signups_lead ({', '.join(columns)}) SELECT {values} FROM signups_lead, generate_series(%s, %s) n"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} WHERE id = %s", [Lead.objects.count() + 1, leads, Lead.objects.earliest("id").pk])
        cursor.execute("ANALYZE signups_lead")


def captured() -> Iterable[str]:
    """The inserts of one sign-up as a script of pgbench."""
    import uuid

    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from signups.trials.forms import TrialForm

    def sign_up(address: str) -> None:
        form = TrialForm({**load.PERSON, "email": address})
        form.is_valid()
        form.cleaned_data["stamp"] = uuid.uuid4()
        form.save(now=timezone.now())

    sign_up("first@example.com")  # what only the first one writes is written
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SEQUENCE signups_lead_id_seq RESTART WITH {LEAD}")
    with CaptureQueriesContext(connection) as queries:
        sign_up("pqrs@example.com")
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE signups_lead_id_seq RESTART WITH 2")
    yield "\\set n random(1, 1000000000000000)"
    yield "BEGIN;"
    for query in queries:
        sql = query["sql"]
        if not sql.startswith("INSERT"):
            continue
        sql = (
            UUID.sub("gen_random_uuid()", sql)
            .replace("pqrs", "p:n")
            .replace(f":{LEAD}:", "-:n:")
            .replace(str(LEAD), ":lead_id")
        )
        sql = " ".join(sql.split())
        yield f"{sql} \\gset lead_" if sql.startswith('INSERT INTO "signups_lead"') else f"{sql};"
    yield "END;"


if __name__ == "__main__":
    sys.exit(min(main(), 1))
