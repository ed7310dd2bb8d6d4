"""`manage.py serve`: the whole site on one machine, prepared and started with one command."""

import errno
import os
import socket
import sys
from http.client import HTTPConnection, HTTPException
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from clinic.supervisor import GaveUpError, Supervisor


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


class Command(BaseCommand):
    help = "Prepare the database and run the site with its mail worker on this machine (MODE=local)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--dev", action="store_true", help="reload changed code")
        parser.add_argument("--no-setup", action="store_true", help="start what is there: no migrations, no content")

    def handle(self, *, host: str, port: int, dev: bool, no_setup: bool, **_: Any) -> None:
        if settings.MODE != "local":
            raise CommandError(
                "serve is for one machine (MODE=local); production runs granian and `manage.py worker` as services."
            )
        check_port(host, port)
        try:
            if not no_setup:
                self.set_up(dev=dev)
        except KeyboardInterrupt:
            raise CommandError("Stopped before the site was up.", returncode=130) from None
        self.supervise(host, port, dev=dev)

    def set_up(self, *, dev: bool) -> None:
        """Bring an empty or older checkout to a working site; harmless when repeated."""
        call_command("migrate", verbosity=0)
        call_command("load_content", stdout=self.stdout)
        if not dev:
            call_command("collectstatic", interactive=False, verbosity=0)
        call_command("demo_staff", stdout=self.stdout)
        # The children fork from this process: no connection, and no thread of a pool, may be open in it.
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()

    def supervise(self, host: str, port: int, *, dev: bool) -> None:
        reach = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
        url = f"http://{reach}:{port}"
        commands = {
            "site": web_command(host, port, dev=dev),
            "worker": [sys.executable, "manage.py", "worker"],
        }
        # Links in messages must lead to the port that was asked for, unless the operator says otherwise.
        # A demo whose sign-in first asks for an app's code would not be tried.
        env = (
            {"STAFF_MFA": "optional"}
            | os.environ
            | {"SITE_URL": os.environ.get("SITE_URL") or url, "PYTHONUNBUFFERED": "1"}
        )
        try:
            Supervisor(commands, cwd=settings.BASE_DIR, env=env).run(
                ready=lambda: answers(reach, port),
                say=self.say,
                welcome=f"Site: {url}/  Care desk: {url}/admin/  Stop with Ctrl-C",
            )
        except GaveUpError as error:
            raise CommandError(str(error)) from None

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()  # at once, also into a pipe
