"""Other processes of the site on the test's own database."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def database_url() -> str:
    """Of the database that this test sees."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def clean_environment(**environment: str) -> dict[str, str]:
    """Nothing of this process's own settings but what `environment` names."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "DATA_DIR")}
    return {**kept, "ENVIRONMENT": "local", "ENV_FILE": "", **environment}


def manage(*args: str, **environment: str) -> subprocess.Popen[str]:
    """`manage.py args` with nothing of this process's own settings but what `environment` names."""
    return python("manage.py", *args, **environment)


def python(*args: str, **environment: str) -> subprocess.Popen[str]:
    """Python with these arguments, and settings as for `manage`."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "DATA_DIR")}
    if "DATA_DIR" not in environment:
        kept["AUDIT_CHAIN_HEAD_FILE"] = str(settings.AUDIT_CHAIN_HEAD_FILE)  # this test's own
    return subprocess.Popen(
        [sys.executable, *args],
        cwd=ROOT,
        env={**kept, "ENVIRONMENT": "local", "ENV_FILE": "", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
