"""Rows a second out of the desk and into it, beside the code one would write first. `python -m bench.import_export`

Each is measured in a process of the site on PostgreSQL, fsync on: by the clock, and by the processor time of that
process alone, which a busy machine changes less.
"""

import argparse
import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests import services
from tests.processes import ROOT

from . import servers
from .harness import Target, alternate, report, say

SELF = [sys.executable, "-m", "bench.import_export"]
CASES = {
    "export, CSV": "csv",
    "export, CSV as one writes it first": "naive_csv",
    "export, XLSX": "xlsx",
    "import, ready to import": "check",
    "import, taken in": "run",
    "import, one by one": "naive_import",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.rows)
    with ExitStack() as stack:
        url = stack.enter_context(services.throwaway_postgres(servers.postgres_programs(), durable=True))
        env = servers.site_environment(url, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        servers.set_up(env)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        site = subprocess.Popen([*SELF, "--serve", f"--rows={options.rows}"], cwd=ROOT, env=env, **pipes)
        stack.callback(site.communicate, "")
        processor: dict[str, list[float]] = {name: [] for name in CASES}

        def ask(name: str) -> float:
            site.stdin.write(CASES[name] + "\n")
            site.stdin.flush()
            by_clock, by_processor = map(float, site.stdout.readline().split())
            processor[name].append(by_processor)
            return by_clock

        figures = alternate({name: lambda name=name: ask(name) for name in CASES}, options.rounds)
    cpu = {f"{name}, per second of processor": sorted(each)[len(each) // 2] for name, each in processor.items()}
    both = {"look through and take in": 1 / (1 / figures["import, ready to import"] + 1 / figures["import, taken in"])}
    targets = [
        Target("export, CSV", figures["export, CSV"], 40_000, "/s"),
        Target("export, XLSX", figures["export, XLSX"], 10_000, "/s"),
        Target("export, CSV, of what one writes first", figures["export, CSV"] / figures[list(CASES)[1]], 1, "x"),
        Target("import, taken in", figures["import, taken in"], 5_000, "/s"),
        Target("import, taken in, of one by one", figures["import, taken in"] / figures["import, one by one"], 5, "x"),
    ]
    return report("import_export", figures | both | cpu, targets, "rows/s")


def serve(rows: int) -> int:
    """In a process of the site: does the case it is asked for; answers rows per second, and per second of processor."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "clinic.settings"
    import django

    django.setup()
    from django.utils import timezone

    from clinic import roles
    from clinic.lib import spreadsheets
    from signups.audit.actions import record_event
    from signups.audit.choices import AuditAction
    from signups.exports.actions import HEADER, start_export
    from signups.exports.choices import ExportReason
    from signups.imports.actions import run_next_import_step, start_import, upload_list
    from signups.imports.choices import ImportStatus
    from signups.imports.models import ImportJob
    from signups.leads.models import Lead
    from tests.factories import users

    head, now = users.UserFactory(role=roles.HEAD), timezone.now()
    first = iter(range(2_200_000, 3_100_000, rows))  # numbers that can exist

    def people() -> list[list[str]]:
        start = next(first)
        return [[f"Jo Miller {n}", f"jo.{n}@example.com", f"+1212{n:07}"] for n in range(start, start + rows)]

    def lead(name: str, email: str, phone: str) -> dict[str, object]:
        address = {"email": email, "email_key": email, "phone": phone, "phone_e164": phone}
        return {"name": name, "time_zone": "UTC", "created_at": now, "owner_id": head.pk, **address}

    def rows_to_export() -> object:
        return start_export(kept, reason=ExportReason.REPORT, kind="csv", by=head, now=now)

    def naive_csv() -> None:
        writer = csv.writer(io.StringIO())
        for one in kept.select_related("owner").iterator():
            facts = (one.name, one.email, one.phone_e164, one.preferred_channel, one.state, one.status, one.owner)
            writer.writerow([*facts, one.first_touch_source, one.unsubscribed_at, one.created_at, head])

    def upload() -> ImportJob:
        text = "".join(spreadsheets.stream_csv(["Name", "E-mail", "Phone"], people()))
        made = upload_list(content=text.encode(), by=head, now=now)
        ImportJob.objects.filter(pk=made.pk).update(status=ImportStatus.CHECKING)
        return made

    def work() -> None:
        while run_next_import_step(timezone.now):
            pass

    def naive_import(told: list[list[str]]) -> None:
        for row in told:
            made = Lead.objects.create(**lead(*row))
            record_event(made, AuditAction.IMPORTED, by=head, now=now)

    Lead.objects.bulk_create([Lead(**lead(*row)) for row in people()], batch_size=1000)
    kept = Lead.objects.filter(pk__lte=Lead.objects.latest("pk").pk)
    deeds: dict[str, tuple[Callable[[], object], Callable[[object], object]]] = {
        "csv": (rows_to_export, lambda rows: sum(map(len, spreadsheets.stream_csv(HEADER, rows)))),
        "naive_csv": (lambda: None, lambda _: naive_csv()),
        "xlsx": (rows_to_export, lambda rows: spreadsheets.write_xlsx(HEADER, rows).close()),
        "check": (upload, lambda _: work()),
        "run": (lambda: start_import(job=ImportJob.objects.latest("pk"), by=head, now=now), lambda _: work()),
        "naive_import": (lambda: people()[: rows // 10], naive_import),
    }
    for line in sys.stdin:
        prepare, deed = deeds[line.strip()]
        prepared = prepare()
        count = rows // 10 if line.strip() == "naive_import" else rows
        clock, processor = time.perf_counter(), time.process_time()
        deed(prepared)
        took = time.perf_counter() - clock, time.process_time() - processor
        say(" ".join(str(count / seconds) for seconds in took))
    return 0


if __name__ == "__main__":
    sys.exit(min(main(), 1))
