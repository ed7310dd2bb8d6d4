"""What `deploy/` starts on a server, started here: nginx, two web services, the worker, and a PostgreSQL of their own.

nginx reads `deploy/nginx/clinic.conf` itself, with our paths, ports and certificate; the services run the command
lines of `deploy/systemd/` in ENVIRONMENT=production. Everything lives below /tmp, which nginx's own account may read.
"""

import base64
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

from bench import servers
from tests import mail_server, services
from tests.processes import ROOT, free_port
from tests.services import WAIT_TIMEOUT

DEPLOY = ROOT / "deploy"
READY_TRIES = 300
NGINX_CONF = """
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    include /etc/nginx/mime.types;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/clinic.conf;
}}
"""


class Site:
    """Where everything listens, and how a browser asks it."""

    def __init__(self, folder: Path, name: str = "clinic.test") -> None:
        self.folder, self.name = folder, name
        self.http, self.https, self.monitor = free_port(), free_port(), free_port()
        self.web = [free_port(), free_port()]
        self.trusted = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        self.cookies: dict[str, str] = {}

    def new_visitor(self) -> "Site":
        """The same site, asked by a browser of its own."""
        visitor = Site(self.folder, self.name)
        visitor.http, visitor.https, visitor.monitor, visitor.web = self.http, self.https, self.monitor, self.web
        return visitor

    def open(self) -> HTTPSConnection:
        """A connection to the name, whose certificate is verified, on loopback."""
        connection = HTTPSConnection(self.name, timeout=WAIT_TIMEOUT)
        connection.sock = self.shake_hands()
        return connection

    def shake_hands(self, *protocols: str) -> ssl.SSLSocket:
        self.trusted.set_alpn_protocols(protocols or ("http/1.1",))
        raw = socket.create_connection(("127.0.0.1", self.https), 20)
        return self.trusted.wrap_socket(raw, server_hostname=self.name)

    def request(
        self, path: str, form: Mapping[str, str] | None = None, *, method: str = "", **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        """(response, body), with the cookies so far, as a browser sends them; `_` in a header's name stands for `-`."""
        sent = {"Host": self.name} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if form is not None:
            body = urlencode(form)
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{self.name}"}
        connection = self.open()
        connection.request(method or ("GET" if form is None else "POST"), path, body, sent)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response, content

    def ask(
        self, path: str, form: Mapping[str, str] | None = None, *, method: str = "", **headers: str
    ) -> tuple[HTTPResponse, str]:
        """The same, with the body as text."""
        response, content = self.request(path, form, method=method, **headers)
        return response, content.decode(errors="replace")


def make_certificate(folder: Path, name: str) -> None:
    """A self-signed one for `name`."""
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    services.run([servers.program("openssl", "openssl"), "req", "-x509", "-days", "2", *key, *subject, *files])


def site_file(site: Site, changes: Mapping[str, str]) -> str:
    """deploy/nginx/clinic.conf with our own paths, ports and name in it, and `changes`; each must have its place."""
    conf = (DEPLOY / "nginx/clinic.conf").read_text()
    for old, new in {
        r"(?m)^ *listen \[::\].*\n": "",
        r"listen 80\b": f"listen 127.0.0.1:{site.http}",
        r"listen 443\b": f"listen 127.0.0.1:{site.https}",
        r"127\.0\.0\.1:8081\b": f"127.0.0.1:{site.monitor}",
        r"127\.0\.0\.1:8001\b": f"127.0.0.1:{site.web[0]}",
        r"127\.0\.0\.1:8002\b": f"127.0.0.1:{site.web[1]}",
        r"clinic\.example": site.name,
        r"/etc/clinic/tls": str(site.folder),
        r"/var/log/nginx": str(site.folder),
        r"/var/lib/clinic": str(site.folder / "var"),
        r"/var/lib/nginx": str(site.folder),
        r"/srv/clinic/current/deploy/nginx": str(site.folder / "www"),
        **changes,
    }.items():
        conf, times = re.subn(old, new, conf)
        assert times, f"nginx/clinic.conf no longer says {old}"
    return conf


def command(unit: str, instance: int | None = None) -> list[str]:
    """The command line of a unit, run by this Python."""
    found = re.search(r"^ExecStart=(.+)$", (DEPLOY / "systemd" / unit).read_text(), re.MULTILINE)
    line = (found[1] if found else "").replace("%i", str(instance))
    return shlex.split(line.replace("/srv/clinic/current/.venv/bin/python", sys.executable))


class Services:
    """The two web services and the worker, each restarted as systemd does, their database and nginx."""

    def __init__(self, site: Site, env: dict[str, str], database: ExitStack) -> None:
        self.site, self.env, self.database = site, env, database
        self.running: dict[int | str, subprocess.Popen[bytes]] = {}
        self.nginx_pid = 0

    def start(self, which: int | str) -> None:
        argv = command("clinic-worker.service") if which == "worker" else command("clinic-web@.service", int(which))
        self.running[which] = subprocess.Popen(argv, cwd=ROOT, env=self.env, start_new_session=True)
        if which != "worker":
            self.wait_until_ready(int(which))

    def wait_until_ready(self, port: int) -> None:
        for _ in range(READY_TRIES):
            question = HTTPConnection("127.0.0.1", port, timeout=WAIT_TIMEOUT)
            with suppress(OSError, HTTPException):
                question.request("GET", "/health/ready", headers={"Host": self.site.name})
                if question.getresponse().status == 200:
                    return
            if self.running[port].poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"the web service on port {port} does not become ready")

    def stop(self, which: int | str) -> None:
        process = self.running.pop(which)
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT_TIMEOUT)

    def reload_nginx(self) -> None:
        """Let nginx read its files again; its processes of before are gone afterwards."""
        children = Path(f"/proc/{self.nginx_pid}/task/{self.nginx_pid}/children")
        before = set(children.read_text().split())
        os.kill(self.nginx_pid, signal.SIGHUP)
        for _ in range(READY_TRIES):
            if not before & set(children.read_text().split()):
                return
            time.sleep(0.1)
        raise AssertionError("nginx does not take its new files")

    def stop_database(self) -> None:
        self.database.close()

    def manage(self, code: str) -> str:
        """What `code` prints in a process of the site; it has `dt` and `timezone`."""
        script = f"import datetime as dt\nfrom django.utils import timezone\n{code}"
        return services.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", script], cwd=ROOT, env=self.env
        )


@contextmanager
def running(
    name: str = "clinic.test", changes: Mapping[str, str] | None = None
) -> Iterator[tuple[Site, Services, mail_server.MailServer]]:
    """Everything, gone afterwards; `changes` are made in nginx's file, by regular expression."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-deploy-", dir="/tmp")))
        folder.chmod(0o755)
        stack.callback(os.umask, os.umask(0o022))  # nginx reads the static files as an account of its own
        make_certificate(folder, name)
        site = Site(folder, name)
        database = stack.enter_context(ExitStack())
        url = database.enter_context(services.throwaway_postgres(servers.postgres_programs()))
        mail = stack.enter_context(mail_server.running())
        template = (DEPLOY / "clinic.env").read_text().replace("clinic.example", name)
        given = dict(re.findall(r"^([A-Z_]+)=(.*)$", template, re.MULTILINE))
        env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")} | given
        env |= {
            "ENV_FILE": "",
            "DATA_DIR": str(folder / "var"),
            "DATABASE_URL": url,
            "SECRET_KEY": secrets.token_urlsafe(64),
            "AUDIT_KEYS": secrets.token_urlsafe(64),
            "PRIVACY_KEYS": secrets.token_urlsafe(64),
            "ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail.port),
            "EMAIL_SECURITY": "none",
            "LOG_LEVEL": "ERROR",
            "PUBLISH_SHIPPED_PAGES": "true",
        }
        (folder / "var").mkdir()
        servers.set_up(env)
        everything = Services(site, env, database)
        stack.callback(lambda: [everything.stop(which) for which in list(everything.running)])
        for which in (*site.web, "worker"):
            everything.start(which)
        (folder / "www").mkdir()
        shutil.copy(DEPLOY / "nginx/unavailable.html", folder / "www")
        (folder / "clinic.conf").write_text(site_file(site, changes or {}))
        (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder))
        argv = [servers.program("nginx", "nginx-light"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        everything.nginx_pid = stack.enter_context(
            servers.running(argv, site.monitor, env=dict(os.environ), path="/health/live")
        )
        yield site, everything, mail
