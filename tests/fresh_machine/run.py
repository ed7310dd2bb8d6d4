"""Run the README's two commands on a machine that has nothing: a minimal Debian in a temporary folder, in a chroot.

    sudo python3 -m tests.fresh_machine.run                        # everything; about an hour
    sudo python3 -m tests.fresh_machine.run --only browser -x      # further arguments go to `make test`

By hand and weekly, as it downloads about a gigabyte; Debian as root only, standard library only. The machine has
python3, make, git and ca-certificates, root's home with mode 700, and the tracked files below it. Mirror, proxies and
trusted certificates are this machine's. Outside the temporary folder only debootstrap is installed, if missing; mounts
and processes live in namespaces of their own and end with the script.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from tests import services

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = "python3,make,git,ca-certificates"
CHECKOUT = "/root/clinic"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# What reaches the network on this machine reaches it from inside, too.
NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts", CERTIFICATES)
PROXIES = ("http_proxy", "https_proxy", "no_proxy")
PUBLIC_PAGES = ("/", "/start/", "/learn/how-ketamine-works/")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def debian_mirror() -> tuple[str, str]:
    """(address, release) of the machine's own main archive, as apt reads its sources. Raises ServiceError."""
    release = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    name = release[1] if release else ""
    targets = services.run(["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)"])
    found = re.search(rf"^{name} main (\S+)$", targets, re.MULTILINE)
    if not name or not found:
        raise services.ServiceError("apt's sources name no main archive of this Debian release")
    return found[1], name


def make_machine(folder: Path) -> None:
    """A minimal Debian in `folder`, with this machine's way to the network and the tracked files of this checkout."""
    mirror, release = debian_mirror()
    say(f"Making a minimal {release} from {urlsplit(mirror).hostname} in {folder} …")
    # debootstrap mounts /proc there: in a namespace of its own that is gone before the folder is deleted.
    debootstrap = ["unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={PACKAGES}"]
    services.run([*debootstrap, release, folder, mirror])
    for name in NETWORK_FILES:
        if Path(name).exists():
            shutil.copy(name, folder / name.lstrip("/"))
    (folder / "root").chmod(0o700)
    tracked = services.run(["git", "ls-files", "-z"], cwd=ROOT).split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():  # (one deleted and not yet committed is still listed)
            copy = folder / CHECKOUT.lstrip("/") / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy)


def inside(folder: Path, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` in the checkout of that machine, in namespaces of its own."""
    enter = (
        'mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; mount --rbind /sys "$0/sys"; '
        f'exec chroot "$0" sh -c \'cd {CHECKOUT} && exec "$@"\' sh "$@"'
    )
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    return [*namespaces, "sh", "-ec", enter, str(folder), *command]


def environment() -> dict[str, str]:
    """A fresh root's, and this machine's proxies and certificates."""
    proxies = {name: os.environ[name] for name in (*PROXIES, *map(str.upper, PROXIES)) if name in os.environ}
    trusted = dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), CERTIFICATES)
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8"} | trusted | proxies


@contextmanager
def running(argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, which is ended with all that it started."""
    process = subprocess.Popen(argv, env=environment(), start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def status(port: int, path: str) -> int:
    """The status of a page; 0 while nothing answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def try_run(folder: Path) -> bool:
    """`make run`: whether the public pages are there before ten minutes are over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    with running(inside(folder, ["make", "run", f"PORT={port}"])) as process:
        until = time.monotonic() + services.WAIT_TIMEOUT
        while process.poll() is None and time.monotonic() < until and status(port, "/health/ready") != 200:
            time.sleep(1)
        answers = {path: status(port, path) for path in PUBLIC_PAGES}
    say(f"make run: {answers}")
    return set(answers.values()) == {200}


def try_test(folder: Path, arguments: Sequence[str]) -> bool:
    """`make test`, where a skipped layer is a failure."""
    command = ["env", "CI=true", "make", "test", f"ARGS={' '.join(arguments)}"]
    with running(inside(folder, command)) as process:
        code = process.wait()
    say(f"make test: {'passed' if code == 0 else f'failed with {code}'}")
    return code == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="leave the machine's folder for looking into it")
    parser.add_argument("--skip-test", action="store_true", help="`make run` only")
    options, arguments = parser.parse_known_args()
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        say("A fresh machine is made by debootstrap and chroot: run this on Debian, as root.")
        return 2
    if not services.find("debootstrap") and not services.install("debootstrap"):
        say("debootstrap is missing (Debian: apt install debootstrap).")
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # (also where a shell had SIGINT ignored)
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    folder = Path(tempfile.mkdtemp(prefix="clinic-fresh-"))
    folder.chmod(0o755)  # as / is: accounts other than root live in it too
    try:
        make_machine(folder)
        passed = try_run(folder)
        if not options.skip_test:
            passed = try_test(folder, arguments) and passed
        return 0 if passed else 1
    finally:
        if not options.keep:
            shutil.rmtree(folder)
        say(f"The machine is {'still' if options.keep else 'no longer'} in {folder}.")


if __name__ == "__main__":
    raise SystemExit(main())
