"""`manage.py run_local`: the whole site on one machine, prepared and started with one command."""

import errno
import os
import shlex
import signal
import socket
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from honcho.manager import Manager

STOPPED_BY_SIGNAL = (130, 143)  # honcho's return codes after SIGINT and SIGTERM


def check_port(host: str, port: int) -> None:
    """Raise CommandError unless a server could listen there; said before anything else is touched.

    `create_server` sets SO_REUSEADDR as servers do, so a port left in TIME_WAIT counts as free.
    """
    try:
        socket.create_server((host, port)).close()
    except OverflowError:
        raise CommandError(f"A port is a number from 1 to 65535, not {port}.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"Port {port} is in use; try `make run PORT={port + 1}`") from None
        raise CommandError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from None


def answers(host: str, port: int) -> bool:
    """Whether the site says it is alive. `http.client` knows no proxies, which must not be asked for loopback."""
    question = HTTPConnection(host, port, timeout=2)
    try:
        question.request("GET", "/health/live")
        return question.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        question.close()


def web_command(host: str, port: int, *, dev: bool) -> list[str]:
    """granian as in production but small and quiet, or Django's own server, which reloads changed code."""
    if dev:
        return [sys.executable, "manage.py", "runserver", f"{host}:{port}"]
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": str(port),
        "--workers": "1",
        "--blocking-threads": "4",
        "--backlog": "128",
        "--workers-kill-timeout": "5",  # a worker told to stop while it starts can miss it, and granian would wait
        "--log-level": "warning",
    }
    flags = [part for option in options.items() for part in option]
    return [sys.executable, "-m", "granian", *flags, "--no-ws", "clinic.wsgi:application"]


class LocalManager(Manager):
    """honcho's, which is told to stop before it knows its processes without losing them."""

    def terminate(self) -> None:
        if self._all_started():
            super().terminate()
        else:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()


class Command(BaseCommand):
    help = "Prepare the database and run the site with its mail worker on this machine (ENVIRONMENT=local)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--dev", action="store_true", help="reload changed code")
        parser.add_argument("--no-setup", action="store_true", help="start what is there: no migrations, no content")

    def handle(self, *, host: str, port: int, dev: bool, no_setup: bool, **_: Any) -> None:
        if settings.ENVIRONMENT != "local":
            raise CommandError(
                "run_local is for one machine (ENVIRONMENT=local); production runs granian and run_worker as services."
            )
        check_port(host, port)
        try:
            if not no_setup:
                self.set_up(dev=dev)
        except KeyboardInterrupt:
            raise CommandError("Stopped before the site was up.", returncode=130) from None
        self.run(host, port, dev=dev)

    def set_up(self, *, dev: bool) -> None:
        """Bring an empty or older checkout to a working site; harmless when repeated."""
        call_command("migrate", verbosity=0)
        call_command("load_content", stdout=self.stdout)
        if not dev:
            call_command("collectstatic", interactive=False, verbosity=0)
        call_command("create_demo_user", stdout=self.stdout)
        # The children fork from this process: no connection, and no thread of a pool, may be open in it.
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()

    def run(self, host: str, port: int, *, dev: bool) -> None:
        """Run the site and its worker until Ctrl-C or SIGTERM; when one of them ends by itself, stop both and fail."""
        reach = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
        url = f"http://{reach}:{port}"
        # Links in messages must lead to the port that was asked for, unless the operator says otherwise.
        # A demo whose sign-in first asks for an app's code would not be tried.
        env = (
            {"STAFF_MFA_REQUIRED": "false"}
            | os.environ
            | {"SITE_URL": os.environ.get("SITE_URL") or url, "PYTHONUNBUFFERED": "1"}
        )
        commands = {
            "site": web_command(host, port, dev=dev),
            "worker": [sys.executable, "manage.py", "run_worker"],
        }
        manager = LocalManager()
        for name, argv in commands.items():
            manager.add_process(name, f"exec {shlex.join(argv)}", env=env, cwd=str(settings.BASE_DIR))
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # `nohup` stays in force
            signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        threading.Thread(target=self.welcome, args=(reach, port, url), daemon=True).start()
        manager.loop()
        if manager.returncode not in STOPPED_BY_SIGNAL:
            raise CommandError("The site or its worker stopped by itself, so both were stopped. Start them again.")

    def welcome(self, host: str, port: int, url: str) -> None:
        while not answers(host, port):
            time.sleep(0.2)
        self.stdout.write(f"Site: {url}/  Care desk: {url}/admin/  Stop with Ctrl-C")
        self.stdout.flush()  # at once, also into a pipe
