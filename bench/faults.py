"""What may happen to a clinic: each fault does its harm while people sign up and book."""

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests import services

from . import clinic as bench_clinic
from . import servers
from .harness import family
from .load import Crowd

AFTER = 60  # sign-ups that must come through afterwards
# The Head looks at the desk and takes all leads away; the trail of it is read from end to end.
DESK = """
from django.core.management import call_command
from django.test import Client
from clinic import roles
from signups.models import Lead
from tests.factories import UserFactory
desk = Client(headers={"host": "127.0.0.1"})
desk.force_login(UserFactory(username="head", role=roles.HEAD))
for page in ("/admin/", "/admin/signups/lead/", "/admin/signups/callbackrequest/"):
    assert desk.get(page).status_code == 200, page
leads = Lead.objects.filter(created_at__lte=timezone.now()).count()
table = desk.post("/admin/signups/lead/export/", {"kind": "csv", "reason": "report"})
assert b"".join(table.streaming_content).count(b"@") >= leads > 0
call_command("verify_audit")
"""


def kill_web(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """`kill -9` of every process of one web machine's workers; granian's master starts new ones."""
    for pid in family(clinic.web[0].pid)[1:]:
        subprocess.run(["kill", "-9", str(pid)], check=False)


def kill_machine(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """A whole web machine gone, and back later."""
    bench_clinic.kill(clinic.web[0], signal.SIGKILL)
    crowd.wait_for(AFTER // 2)
    clinic.start_web(0)


def rolling_restart(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """One web machine after the other is told to stop and started again: nobody may notice."""
    for number in range(len(clinic.web)):
        bench_clinic.kill(clinic.web[number], signal.SIGTERM)
        clinic.start_web(number)
        crowd.wait_for(10)


def kill_worker(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """`kill -9` of both workers while the mail server thinks about a message: taken, and nobody was told."""
    thinking, go_on = threading.Event(), threading.Event()

    def think(message: object) -> str:
        thinking.set()
        go_on.wait(services.WAIT_TIMEOUT)
        return "250 OK"

    clinic.email_backend.answer = think
    if not thinking.wait(services.WAIT_TIMEOUT):
        raise TimeoutError("no worker sent anything")
    while clinic.workers:
        bench_clinic.kill(clinic.workers.pop(), signal.SIGKILL)
    go_on.set()
    clinic.email_backend.answer = lambda message: "250 OK"
    for _ in range(2):
        clinic.start_worker()


def restart_database(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """PostgreSQL killed as a crash does, and started again."""
    services.restart_postgres(servers.postgres_programs(), clinic.url)


def cut_connections(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """Every connection to the database is cut."""
    clinic.ask(
        "from django.db import connection\n"
        "connection.cursor().execute('SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = %s', ['client backend'])"
    )


def full_disk(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """The disk of SQLite fills up and stays so until many were refused; then there is room again."""
    ballast = Path(clinic.env["DATA_DIR"]) / "ballast"
    refused = crowd.results.failures.get("503", 0)
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    until = time.monotonic() + services.WAIT_TIMEOUT
    while crowd.results.failures.get("503", 0) < refused + AFTER // 4:
        if time.monotonic() > until:
            raise TimeoutError(f"the full disk was not noticed: {crowd.results.failures}")
        time.sleep(0.02)
    ballast.unlink()


def mail_down(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """The mail server refuses everything for a while."""
    answer, clinic.email_backend.answer = clinic.email_backend.answer, lambda message: "451 not now"
    crowd.wait_for(AFTER // 2)
    clinic.email_backend.answer = answer


def mail_refuses_half(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """The mail server refuses every other message for a while."""
    turns = iter(range(10**9))
    clinic.email_backend.answer = lambda message: "250 OK" if next(turns) % 2 else "451 not now"
    crowd.wait_for(AFTER // 2)
    clinic.email_backend.answer = lambda message: "250 OK"


def mail_slow(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """The mail server takes a second for each message: sign-ups must not feel it."""

    def slowly(message: object) -> str:
        time.sleep(1)
        return "250 OK"

    clinic.email_backend.answer = slowly
    crowd.wait_for(AFTER)
    clinic.email_backend.answer = lambda message: "250 OK"


def slow_clients(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """Five hundred clients that send a letter of their form and then nothing."""
    held = []
    for _ in range(500):
        client = socket.create_connection(("127.0.0.1", clinic.port), timeout=services.WAIT_TIMEOUT)
        client.sendall(b"POST /start/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nn")
        held.append(client)
    crowd.wait_for(AFTER)
    for client in held:
        client.close()


def pgbouncer(clinic: bench_clinic.Clinic, crowd: Crowd) -> None:
    """Everything moves behind a pooler that lends four connections, one transaction at a time, and back."""
    with servers.pgbouncer(clinic.url) as url:
        try:
            move(clinic, url)
            crowd.wait_for(AFTER)
            clinic.ask(DESK, DATABASE_URL=url, STAFF_MFA_REQUIRED="false")
        finally:
            move(clinic, clinic.url)


def move(clinic: bench_clinic.Clinic, url: str) -> None:
    """Every process begins anew with another address of the database, one after the other."""
    for number in range(len(clinic.web)):
        bench_clinic.kill(clinic.web[number], signal.SIGTERM)
        clinic.start_web(number, DATABASE_URL=url)
        bench_clinic.kill(clinic.workers.pop(0), signal.SIGTERM)
        clinic.start_worker(DATABASE_URL=url)


@dataclass(frozen=True)
class Fault:
    """`strike` does the harm; `repeats` messages may be sent twice for it; for a flawless one, no request may fail."""

    strike: Callable[[bench_clinic.Clinic, Crowd], None]
    repeats: int = 0
    flawless: bool = False
    small_disk: bool = False  # strikes a clinic on SQLite with little room


FAULTS = {
    "kill-web": Fault(kill_web),
    "kill-machine": Fault(kill_machine),
    "rolling-restart": Fault(rolling_restart, flawless=True),
    "kill-worker": Fault(kill_worker, repeats=2),
    "restart-database": Fault(restart_database),
    "cut-connections": Fault(cut_connections),
    "pgbouncer": Fault(pgbouncer, flawless=True),
    "full-disk": Fault(full_disk, small_disk=True),
    "mail-down": Fault(mail_down),
    "mail-refuses-half": Fault(mail_refuses_half),
    "mail-slow": Fault(mail_slow),
    "slow-clients": Fault(slow_clients),
}
