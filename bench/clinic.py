"""A clinic as it grows: web machines behind nginx, workers, one PostgreSQL that keeps what it says it keeps."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from tests import mail_server, services
from tests.processes import ROOT, free_port

from . import servers

NGINX = """
upstream web { {servers} }
limit_conn_zone $binary_remote_addr zone=each:10m;
server {
    listen 127.0.0.1:{port};
    client_header_timeout 10s;
    client_body_timeout 10s;
    location / {
        proxy_pass http://web;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $http_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto http;
        proxy_connect_timeout 2s;
        proxy_read_timeout 15s;
        proxy_next_upstream error timeout http_503;
    }
}
"""

SMALL_DISK = 64  # MB


@dataclass
class Clinic:
    """Handles on everything that runs. `web` and `workers` are processes at the head of their groups."""

    port: int
    url: str
    env: dict[str, str]
    mail: mail_server.MailServer
    ports: list[int]
    web: list[subprocess.Popen[bytes]] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    repeats: int = 0  # messages sent once more so far

    def start_web(self, number: int, **env: str) -> None:
        argv = servers.granian("clinic.wsgi:application", self.ports[number])
        process = start(argv, {**self.env, "DATA_DIR": f"{self.env['DATA_DIR']}/{number}", **env})
        self.web[number : number + 1] = [process]
        servers.wait_until_ready(process, self.ports[number], "/health/ready")

    def start_worker(self, **env: str) -> None:
        self.workers.append(start([sys.executable, "manage.py", "run_worker"], {**self.env, **env}))

    def ask(self, code: str, **env: str) -> str:
        """What `code` prints in a process of the site; it has `sys`, `dt` and `timezone`."""
        script = f"import sys, datetime as dt\nfrom django.utils import timezone\n{code}"
        argv = [sys.executable, "manage.py", "shell", "--no-imports", "-c", script]
        return services.run(argv, cwd=ROOT, env={**self.env, **env})

    def stamps(self, count: int) -> list[str]:
        """Form stamps of the site's own making, old enough when they are used a little later."""
        code = f"from signups.web import timed_token\nfor _ in range({count}): print(timed_token.new_token())"
        return self.ask(code).split()

    def deliver_everything(self) -> None:
        """Send what a dead worker still holds the lease of, as any worker does once that has run out.

        Living ones are first left to note what they have sent: until nothing has changed for ten seconds.
        """
        self.ask(
            "import time\n"
            "from signups.messages import delivery\n"
            "from signups.models import OutboxMessage\n"
            "before, unchanged = 0, 0\n"
            "while (held := OutboxMessage.objects.pending().exclude(lease_token=None).count()) and unchanged < 20:\n"
            "    before, unchanged = held, unchanged + 1 if held == before else 0\n"
            "    time.sleep(0.5)\n"
            "written = OutboxMessage.objects.values_list('created_at', flat=True).first() or timezone.now()\n"
            "later = max(timezone.now(), written) + delivery.LEASE + dt.timedelta(minutes=1)\n"
            "while delivery.deliver_due(lambda: later): pass"
        )


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of that size, in memory."""
    with tempfile.TemporaryDirectory() as name:
        options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", name]
        if not services.works(["mount", *options]):
            raise servers.Missing("mounting a small file system needs root (CAP_SYS_ADMIN)")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


@contextmanager
def running(web: int = 2, workers: int = 2, *, disk: Path | None = None, **environment: str) -> Iterator[Clinic]:
    """A whole clinic, gone afterwards; with `disk`, on SQLite there."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        if disk:
            url = f"sqlite:///{disk}/clinic.sqlite3"
        else:
            url = stack.enter_context(services.throwaway_postgres(servers.postgres_programs(), durable=True))
        mail = stack.enter_context(mail_server.running())
        ports = [free_port() for _ in range(web)]
        http = NGINX.replace("{servers}", " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports))
        nginx_folder = folder / "nginx"
        nginx_folder.mkdir()
        env = servers.site_environment(
            url,
            disk or folder / "var",
            SECRET_KEY=secrets.token_urlsafe(64),
            ENCRYPTION_KEYS=Fernet.generate_key().decode(),
            AUDIT_KEYS=secrets.token_urlsafe(48),
            PRIVACY_KEYS=secrets.token_urlsafe(48),
            TRUSTED_PROXY_COUNT="1",
            PUBLIC_FORM_RATE_LIMIT="10000000",
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=str(mail.port),
            EMAIL_SECURITY="none",
            EMAIL_TIMEOUT="3",
            LOG_LEVEL="ERROR",
            **environment,
        )
        clinic = Clinic(port=0, url=url, env=env, mail=mail, ports=ports)
        stack.callback(stop_all, clinic)
        servers.set_up(env)
        for number in range(web):
            servers.manage({**env, "DATA_DIR": f"{env['DATA_DIR']}/{number}"}, "collectstatic", "--noinput")
            clinic.start_web(number)
        clinic.port, _ = stack.enter_context(servers.nginx(nginx_folder, http))
        clinic.env["SITE_URL"] = f"http://127.0.0.1:{clinic.port}"
        for number in range(web):  # anew, now that the address they stand behind is known
            kill(clinic.web[number], signal.SIGTERM)
            clinic.start_web(number)
        for _ in range(workers):
            clinic.start_worker()
        yield clinic


@contextmanager
def running_on_small_disk() -> Iterator[Clinic]:
    """One web machine and one worker on SQLite, with room for little."""
    with small_disk(SMALL_DISK) as disk, running(web=1, workers=1, disk=disk) as clinic:
        yield clinic


def start(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, cwd=ROOT, env=env, start_new_session=True, stdout=subprocess.DEVNULL)


def kill(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Signal a whole group and wait for its end."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    with suppress(subprocess.TimeoutExpired):
        process.wait(services.WAIT_TIMEOUT)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stop_all(clinic: Clinic) -> None:
    for process in [*clinic.workers, *clinic.web]:
        kill(process, signal.SIGTERM)
