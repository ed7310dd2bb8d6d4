"""A real CalDAV server on this machine: Radicale, in a process of its own, with one account."""

import contextlib
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

ACCOUNT = {"username": "hana", "password": "an app password"}


@contextlib.contextmanager
def running(folder):
    """Yield the address of the server; its calendars are files in `folder`."""
    users, config = folder / "users", folder / "config"
    users.write_text(f"{ACCOUNT['username']}:{ACCOUNT['password']}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config.write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {users}\n"
        f"htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {folder}/collections\n"
        "[rights]\ntype = owner_only\n[web]\ntype = none\n[logging]\nlevel = error\n"
    )
    process = subprocess.Popen([sys.executable, "-m", "radicale", "--config", str(config)])
    try:
        _wait_until_it_answers(process, port)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_it_answers(process, port):
    while process.poll() is None:
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/.well-known/x", timeout=5) as answer:
            return answer
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return None
        time.sleep(0.05)
    raise RuntimeError("Radicale has not started")
