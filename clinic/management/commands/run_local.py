"""`manage.py run_local`: set up and run the site and its worker on one machine."""

# honcho ships no type annotations.
# mypy: allow-subclassing-any

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
    """Raise CommandError unless a server could listen on this address.

    `create_server` sets SO_REUSEADDR as servers do, so a port in TIME_WAIT counts as free.
    """
    try:
        socket.create_server((host, port)).close()
    except OverflowError:
        raise CommandError(f"A port is a number from 1 to 65535, not {port}.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"Port {port} is in use; try `make run PORT={port + 1}`") from None
        raise CommandError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from None


def is_live(host: str, port: int) -> bool:
    """Return whether the liveness probe succeeds.

    `http.client` ignores proxies, which must not see loopback requests.
    """
    client = HTTPConnection(host, port, timeout=2)
    try:
        client.request("GET", "/health/live")
        return client.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        client.close()


def web_command(host: str, port: int, *, dev: bool) -> list[str]:
    """Return the command of granian, or with `dev` of Django's reloading server."""
    if dev:
        return [sys.executable, "manage.py", "runserver", f"{host}:{port}"]
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": str(port),
        "--workers": "1",
        "--blocking-threads": "4",
        "--backlog": "128",
        "--workers-kill-timeout": "5",  # a starting worker can miss its signal; granian would wait for ever
        "--log-level": "warning",
    }
    flags = [part for option in options.items() for part in option]
    return [sys.executable, "-m", "granian", *flags, "--no-ws", "clinic.wsgi:application"]


class LocalManager(Manager):
    """Retry a stop signal received before all processes have started.

    honcho would orphan the later ones.
    """

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
        """Migrate, load the content and create the demo user. Idempotent."""
        call_command("migrate", verbosity=0)
        if not dev:
            call_command("collectstatic", interactive=False, verbosity=0)
        call_command("load_content", stdout=self.stdout)  # renders the pages, which name static files
        call_command("create_demo_user", stdout=self.stdout)
        # The children are forked: no connection and no pool thread may be open in the parent.
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()

    def run(self, host: str, port: int, *, dev: bool) -> None:
        """Run site and worker until Ctrl-C or SIGTERM.

        Raises CommandError if one of them exits by itself.
        """
        reachable_host = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
        url = f"http://{reachable_host}:{port}"
        # Links in messages lead to this port unless SITE_URL is set. The demo's sign-in needs no second step.
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
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # unless ignored, as under `nohup`
            signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        threading.Thread(target=self.welcome, args=(reachable_host, port, url), daemon=True).start()
        manager.loop()
        if manager.returncode not in STOPPED_BY_SIGNAL:
            raise CommandError("The site or its worker stopped by itself, so both were stopped. Start them again.")

    def welcome(self, host: str, port: int, url: str) -> None:
        """Print the addresses as soon as the site is live."""
        while not is_live(host, port):
            time.sleep(0.2)
        self.stdout.write(f"Site: {url}/  Care desk: {url}/admin/  Stop with Ctrl-C")
        self.stdout.flush()  # a pipe would buffer the line
