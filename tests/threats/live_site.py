"""The site as `manage.py run_local` starts it (granian and the worker), on the tests' database and with real mail."""

import datetime as dt
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from queue import Queue
from typing import NamedTuple
from urllib.parse import urlencode

import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from signups.audit import triggers
from signups.web import timed_token
from tests import mail_server, processes
from tests.services import WAIT_TIMEOUT

from .conftest import FORMS

TYPED = "application/x-www-form-urlencoded"
READY = "Stop with Ctrl-C"


def stamp() -> str:
    """Of a page that was rendered a minute ago."""
    with time_machine.travel(timezone.now() - dt.timedelta(minutes=1), tick=False):
        return timed_token.new_token()


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]  # by lower-case names
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Visitor:
    """A browser's worth of cookies, at an address of its own behind the one proxy that the site believes."""

    port: int
    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""  # against forged forms, of the page seen last

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WAIT_TIMEOUT)
        sent = {"X-Forwarded-For": self.address, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
            set_cookies = response.headers.get_all("Set-Cookie", [])
        finally:
            connection.close()
        self.cookies |= dict(re.match(r"([^=]+)=([^;]*)", cookie).groups() for cookie in set_cookies)  # type: ignore[union-attr]
        if found := re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', answer.body):
            self.token = found[1].decode()
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, data: Mapping[str, object] | bytes = b"", **headers: str) -> Answer:
        """With the token of the page seen last; `data` as bytes goes out as it is."""
        body = data if isinstance(data, bytes) else urlencode(data, doseq=True)
        sent = {"Content-Type": TYPED, "X-CSRFToken": self.token}
        return self.ask("POST", path, body, sent | {name.replace("_", "-"): value for name, value in headers.items()})

    def send(self, path: str, headers: Mapping[str, str] | None = None, **changed: object) -> Answer:
        """The public form there, filled in a minute ago with `changed` (None: left out)."""
        if not self.token:
            self.get(path)
        data = {"stamp": stamp(), "aq_7": "", **FORMS[path], **changed}
        return self.post(path, {name: value for name, value in data.items() if value is not None}, **(headers or {}))

    def sign_in(self, username: str, password: str) -> Answer:
        self.get("/admin/login/")
        return self.post("/admin/login/", {"login": username, "password": password})


@dataclass
class RealSite:
    port: int
    mail: mail_server.MailServer
    audit_head: Path
    log: list[str] = field(default_factory=list)
    addresses: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        """Return once it answers."""
        self.process = processes.manage(
            "run_local",
            "--no-setup",
            f"--port={self.port}",
            DJANGO_SETTINGS_MODULE=os.environ["DJANGO_SETTINGS_MODULE"],
            DATABASE_URL=processes.database_url(),
            AUDIT_CHAIN_HEAD_FILE=str(self.audit_head),
            TRUSTED_PROXY_COUNT="1",
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=str(self.mail.port),
            EMAIL_SECURITY="none",
        )
        ready = Queue[str]()
        self.reader = threading.Thread(target=self.read, args=(ready,))
        self.reader.start()
        assert ready.get(timeout=WAIT_TIMEOUT), "".join(self.log)

    def read(self, ready: Queue[str]) -> None:
        for line in self.process.stdout or ():
            self.log.append(line)
            if READY in line:
                ready.put(line)
        ready.put("")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Return its exit code."""
        self.process.send_signal(by)
        code = self.process.wait(WAIT_TIMEOUT)
        self.reader.join(WAIT_TIMEOUT)
        return code

    def kill(self) -> None:
        """Kill all its processes outright, as a power cut does."""
        for pid in [self.process.pid, *self.family()]:
            os.kill(pid, signal.SIGKILL)
        self.stop()

    def visitor(self, address: str = "") -> Visitor:
        return Visitor(self.port, address or f"10.1.0.{next(self.addresses)}")

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_TIMEOUT)

    def raw(self, request: bytes) -> bytes:
        """What the server answers to these very bytes, until it closes or has said its headers."""
        with self.connect() as line:
            line.sendall(request)
            return line.recv(4096)

    def family(self) -> list[int]:
        """Every process below this one, the eldest first."""
        found, left = [], [self.process.pid]
        while left:
            children = Path(f"/proc/{left[0]}/task/{left.pop(0)}/children").read_text().split()
            found += (pids := [int(pid) for pid in children])
            left += pids
        return found


@contextmanager
def running(folder: Path) -> Iterator[RealSite]:
    with mail_server.running() as mail:
        site = RealSite(processes.free_port(), mail, folder / "audit-head")
        try:
            site.start()
            yield site
        finally:
            site.stop()


def empty() -> None:
    """The database of the tests as the next one expects it."""
    triggers.drop_triggers(connection)
    call_command("flush", interactive=False, verbosity=0)
