"""`make deploy-check`: the files of this folder, started as a server runs them, and a visitor's way through them.

nginx reads nginx/clinic.conf itself, with our paths, ports and certificate; the web services run the command line of
systemd/clinic-web@.service in MODE=production on a PostgreSQL of their own. Every finding ends the check.
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
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench import servers
from tests import mail_server, services
from tests.processes import ROOT, free_port

HERE = ROOT / "deploy"
NAME = "clinic.test"
READY_TRIES = 300
ADDRESS = "pat@example.com"
HSTS = "max-age=63072000; includeSubDomains; preload"
NGINX_CONF = """
daemon off;
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


class Finding(SystemExit):
    """What is not as it should be."""


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Finding(f"deploy-check: {what}: expected {wanted!r}, found {found!r}")
    sys.stdout.write(f"  {what}\n")
    sys.stdout.flush()


class Site:
    """Where everything listens, and how a browser asks it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http, self.https, self.monitor = free_port(), free_port(), free_port()
        self.web = [free_port(), free_port()]
        self.trusted = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        self.cookies: dict[str, str] = {}

    def open(self) -> HTTPSConnection:
        """A connection to NAME, whose certificate is verified, on loopback."""
        connection = HTTPSConnection(NAME, timeout=20)
        connection.sock = self.shake_hands()
        return connection

    def shake_hands(self, *protocols: str) -> ssl.SSLSocket:
        self.trusted.set_alpn_protocols(protocols or ("http/1.1",))
        return self.trusted.wrap_socket(socket.create_connection(("127.0.0.1", self.https), 20), server_hostname=NAME)

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[HTTPResponse, str]:
        """(response, body), with the cookies so far, as a browser sends them."""
        headers |= {"Host": NAME}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if form is not None:
            body = urlencode(form)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{NAME}"}
        connection = self.open()
        connection.request("GET" if form is None else "POST", path, body, headers)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
        connection.close()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response, text


def certificate(folder: Path) -> None:
    """A self-signed one for NAME."""
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    services.run([servers.program("openssl", "openssl"), "req", "-x509", "-days", "2", *key, *subject, *files])


def site_file(site: Site) -> str:
    """nginx/clinic.conf with our own paths, ports and name in it; each of them must be there."""
    conf = (HERE / "nginx/clinic.conf").read_text()
    for old, new in {
        r"(?m)^ *listen \[::\].*\n": "",
        r"listen 80\b": f"listen 127.0.0.1:{site.http}",
        r"listen 443\b": f"listen 127.0.0.1:{site.https}",
        r"127\.0\.0\.1:8081\b": f"127.0.0.1:{site.monitor}",
        r"127\.0\.0\.1:8001\b": f"127.0.0.1:{site.web[0]}",
        r"127\.0\.0\.1:8002\b": f"127.0.0.1:{site.web[1]}",
        r"clinic\.example": NAME,
        r"/etc/clinic/tls": str(site.folder),
        r"/var/log/nginx": str(site.folder),
        r"/var/lib/clinic": str(site.folder / "var"),
        r"/srv/clinic/current": str(ROOT),
    }.items():
        conf, times = re.subn(old, new, conf)
        if not times:
            raise Finding(f"deploy-check: nginx/clinic.conf no longer says {old}")
    return conf


def command(unit: str, instance: int | None = None) -> list[str]:
    """The command line of a unit, run by this Python."""
    found = re.search(r"^ExecStart=(.+)$", (HERE / "systemd" / unit).read_text(), re.MULTILINE)
    line = (found[1] if found else "").replace("%i", str(instance))
    return shlex.split(line.replace("/srv/clinic/current/.venv/bin/python", sys.executable))


class Services:
    """The two web services and the worker, each restarted as systemd does."""

    def __init__(self, site: Site, env: dict[str, str]) -> None:
        self.site, self.env = site, env
        self.running: dict[int | str, subprocess.Popen[bytes]] = {}

    def start(self, which: int | str) -> None:
        argv = command("clinic-worker.service") if which == "worker" else command("clinic-web@.service", int(which))
        self.running[which] = subprocess.Popen(argv, cwd=ROOT, env=self.env, start_new_session=True)
        if which != "worker":
            self.wait_until_ready(int(which))

    def wait_until_ready(self, port: int) -> None:
        for _ in range(READY_TRIES):
            question = HTTPConnection("127.0.0.1", port, timeout=5)
            with suppress(OSError, HTTPException):
                question.request("GET", "/health/ready", headers={"Host": NAME})
                if question.getresponse().status == 200:
                    return
            if self.running[port].poll() is not None:
                break
            time.sleep(0.1)
        raise Finding(f"deploy-check: the web service on port {port} does not become ready")

    def stop(self, which: int | str) -> None:
        process = self.running.pop(which)
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@contextmanager
def running(folder: Path) -> Iterator[tuple[Site, Services, mail_server.MailServer]]:
    """Everything, gone afterwards."""
    certificate(folder)
    site = Site(folder)
    with ExitStack() as stack:
        url = stack.enter_context(services.throwaway_postgres(servers.postgres_programs()))
        mail = stack.enter_context(mail_server.running())
        template = (HERE / "clinic.env").read_text().replace("clinic.example", NAME)
        given = dict(re.findall(r"^([A-Z_]+)=(.*)$", template, re.MULTILINE))
        env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")} | given
        env |= {
            "ENV_FILE": "",
            "VAR_DIR": str(folder / "var"),
            "DATABASE_URL": url,
            "SECRET_KEY": secrets.token_urlsafe(64),
            "AUDIT_KEYS": secrets.token_urlsafe(64),
            "ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail.port),
            "EMAIL_SECURITY": "none",
            "LOG_LEVEL": "ERROR",
        }
        servers.set_up(env)
        everything = Services(site, env)
        stack.callback(lambda: [everything.stop(which) for which in list(everything.running)])
        for which in (*site.web, "worker"):
            everything.start(which)
        (folder / "clinic.conf").write_text(site_file(site))
        (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder))
        argv = [servers.program("nginx", "nginx-light"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        stack.enter_context(servers.running(argv, site.monitor, env=dict(os.environ), path="/health/live"))
        yield site, everything, mail


def check_units(folder: Path) -> None:
    """systemd's own opinion of the units, where it is installed: nothing it warns of, and little they may touch."""
    if not shutil.which("systemd-analyze"):
        sys.stdout.write("  (the units are not checked: systemd-analyze is not there)\n")
        return
    units = folder / "units"
    shutil.copytree(HERE / "systemd", units)
    for unit in units.glob("*.service"):  # as if it were installed
        unit.write_text(unit.read_text().replace("/srv/clinic/current/.venv/bin/python", sys.executable))
    (units / "clinic-web@.service").rename(units / "clinic-web@8001.service")
    named = sorted(path.name for path in units.glob("*.service"))
    env = {"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": f"{units}:"}
    timers = [path.name for path in units.glob("*.timer")]
    said = subprocess.run(
        ["systemd-analyze", "verify", *named, *timers], env=env, capture_output=True, text=True, check=False
    )
    expect("systemd has nothing against the units", said.stderr.strip(), "")
    for unit in named:
        argv = ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit]
        judged = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        expect(f"{unit}: {judged.stdout.strip().rpartition(': ')[2]}", judged.returncode, 0)


def check_edge(site: Site) -> None:
    """What nginx alone decides."""
    plain = HTTPConnection("127.0.0.1", site.http, timeout=20)
    plain.request("GET", "/learn/?a=b", headers={"Host": NAME})
    answer = plain.getresponse()
    expect("http leads to https", (answer.status, answer.headers["Location"]), (301, f"https://{NAME}/learn/?a=b"))
    plain.close()
    with site.shake_hands("h2", "http/1.1") as tls:
        expect("HTTP/2 is spoken", tls.selected_alpn_protocol(), "h2")
        expect("over TLS 1.3", tls.version(), "TLSv1.3")
    expect("TLS 1.1 is refused", refused(too_old(site), site.https, NAME), True)
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    expect("another name is refused", refused(careless, site.https, "elsewhere.test"), True)
    monitor = HTTPConnection("127.0.0.1", site.monitor, timeout=20)
    monitor.request("GET", "/health/metrics")
    answer = monitor.getresponse()
    expect("figures are there for the machine", (answer.status, b"clinic_due_messages" in answer.read()), (200, True))
    monitor.close()
    expect("and for nobody else", site.ask("/health/metrics")[0].status, 404)
    expect("a large body is refused", site.ask("/start/", {"name": "x" * 110_000})[0].status, 413)


def too_old(site: Site) -> ssl.SSLContext:
    """What a browser of 2013 speaks; this Python's own limits are lifted, so that it is nginx that refuses."""
    context = ssl.create_default_context(cafile=str(site.folder / "fullchain.pem"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


def refused(context: ssl.SSLContext, port: int, name: str) -> bool:
    try:
        context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20), server_hostname=name).close()
    except (ssl.SSLError, ConnectionError):
        return True
    return False


def check_static(site: Site, page: str) -> None:
    """The landing page's own style sheet, as nginx serves it."""
    found = re.search(r'"(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
    answer, _ = site.ask(found[1] if found else "/static/", **{"Accept-Encoding": "gzip"})
    names = ("Cache-Control", "Content-Encoding", "Vary", "Strict-Transport-Security", "X-Content-Type-Options")
    wanted = ["public, max-age=315360000, immutable", "gzip", "Accept-Encoding", HSTS, "nosniff"]
    expect("static files: immutable, compressed, safe", [answer.headers[name] for name in names], wanted)
    expect("static folders are not listed", site.ask("/static/")[0].status, 403)
    expect("nothing above them is served", site.ask("/static../secret_key")[0].status, 404)


def hidden_fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def fill(page: str) -> dict[str, str]:
    """What Pat sends with the sign-up form."""
    boxes = re.findall(r'<input type="checkbox" name="([^"]+)"[^>]*required', page)
    asked = {"name": "Pat Doe", "email": ADDRESS, "state": "VT", "care_for": "self", "preferred_channel": "email"}
    asked |= {"website": "", "best_time": "any", "time_zone": "America/New_York"}
    return hidden_fields(page) | asked | dict.fromkeys(boxes, "on")


def check_journey(site: Site, everything: Services, mail: mail_server.MailServer) -> None:
    answer, page = site.ask("/")
    expect("the landing page, without a cookie", (answer.status, answer.headers["Set-Cookie"]), (200, None))
    expect("with HSTS", answer.headers["Strict-Transport-Security"], HSTS)
    check_static(site, page)
    answer, page = site.ask("/start/")
    cookie = str(answer.headers["Set-Cookie"])
    said = sorted(part.strip().partition("=")[0] for part in cookie.split(";")[1:])
    expect("the form's cookie is the host's own", cookie.startswith("__Host-csrftoken="), True)
    expect("and secure", said, ["HttpOnly", "Path", "SameSite", "Secure"])
    check_slow_senders(site)
    check_upgrade(site, everything)
    answer, text = site.ask("/start/", fill(page))
    wrong = re.findall(r'<a href="#[^"]*">([^<]+)', text) if answer.status != 303 else []
    expect("a form from before the upgrade is taken after it", (answer.status, wrong), (303, []))
    link = urlsplit(link_in(mail, "/confirm/"))
    expect("the mail's link leads to https", (link.scheme, link.netloc), ("https", NAME))
    _, page = site.ask(link.path)
    expect("and confirms", site.ask(link.path, hidden_fields(page))[0].status in (200, 303), True)
    my = urlsplit(link_in(mail, "/my/"))
    answer, page = site.ask(my.path)
    expect("the patient's page", (answer.status, "day 1 of 7" in page), (200, True))
    expect("kept by no cache", "no-store" in answer.headers["Cache-Control"], True)
    logs = "".join(path.read_text() for path in site.folder.glob("*.log"))
    expect("the log knows of it", " GET /my 200 " in logs, True)
    secret = my.path.split("/")[2]
    expect("without link or address", [each for each in (secret, ADDRESS, "127.0.0.1") if each in logs], [])


def link_in(mail: mail_server.MailServer, path: str) -> str:
    body = mail.next_to(ADDRESS).get_body(["plain"])
    found = re.search(rf"https://\S+{path}\S+", body.get_content() if body else "")
    return found[0] if found else ""


def check_slow_senders(site: Site) -> None:
    """Three times as many half-sent forms as there are threads, and still everybody is answered."""
    half = f"POST /start/ HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 1000\r\n\r\nname=".encode()
    slow = [site.shake_hands() for _ in range(24)]
    for connection in slow:
        connection.sendall(half)
    expect("slow senders hold no thread", [site.ask("/start/")[0].status for _ in range(4)], [200] * 4)
    for connection in slow:
        connection.close()


def check_upgrade(site: Site, everything: Services) -> None:
    """Restart one service after the other, as docs/operating.md says, while visitors read and send forms."""
    answers: list[tuple[int, float]] = []
    enough = threading.Event()

    def visit() -> None:
        visitor = Site(site.folder)
        visitor.https = site.https
        _, page = visitor.ask("/start/")
        form = hidden_fields(page)
        while not enough.wait(0.3):  # below what nginx allows one address
            for sent in (None, form):
                began = time.monotonic()
                answers.append((visitor.ask("/start/", sent)[0].status, time.monotonic() - began))

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    try:
        for which in (*site.web, "worker"):
            everything.stop(which)
            everything.start(which)
    finally:
        enough.set()
        for visitor in visitors:
            visitor.join(60)
    expect("an upgrade fails no request", sorted({status for status, _ in answers}), [200, 422])
    slowest = max(seconds for _, seconds in answers)
    sys.stdout.write(f"    ({len(answers)} while both services were restarted, the slowest in {slowest:.1f} s)\n")


def check_away(site: Site, everything: Services) -> None:
    for port in site.web:
        everything.stop(port)
    answer, page = site.ask("/start/")
    expect("with both services gone, a page says so", (answer.status, "911" in page), (503, True))
    expect("and when to come back", answer.headers["Retry-After"], "60")
    statuses, connection = set(), site.open()
    for _ in range(400):
        connection.request("GET", "/start/", headers={"Host": NAME})
        response = connection.getresponse()
        response.read()
        statuses.add(response.status)
    connection.close()
    expect("whoever asks too often is asked to wait", sorted(statuses), [429, 503])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="clinic-deploy-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        check_units(folder)
        with running(folder) as (site, everything, mail):
            check_edge(site)
            check_journey(site, everything, mail)
            check_away(site, everything)
    sys.stdout.write("deploy-check: all of it holds.\n")


if __name__ == "__main__":
    main()
