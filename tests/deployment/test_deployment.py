"""A visitor's way through the site as `deploy/` starts it: `make deploy-check`. The last test ends what runs."""

import gzip
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from http.client import HTTPConnection
from urllib.parse import urlsplit

import brotli
import pytest

from tests.services import WAIT_TIMEOUT

from . import site as deployment_site
from .site import DEPLOY

ADDRESS = "pat@example.com"
HSTS = "max-age=63072000; includeSubDomains; preload"
PUBLIC = "public, max-age=60, stale-while-revalidate=600"
ARTICLE = "/learn/how-ketamine-works/"
DECODE = {None: bytes, "br": brotli.decompress, "gzip": gzip.decompress}
PUBLISH = """
from clinic import roles
from content.actions import drafts, publication, sign_offs
from tests.factories import PersonFactory, UserFactory
now, editor = timezone.now(), UserFactory(username="editor", role=roles.EDITOR)
reviewer = UserFactory(username="reviewer", role=roles.REVIEWER)
PersonFactory(user=reviewer)
words = {"title": "Seen at once", "summary": "S", "description": "D", "body": "Prose."}
article = drafts.create_article(slug="seen", author=PersonFactory(), words=words, by=editor, now=now)
newest, next_year = article.revisions.latest(), now.date() + dt.timedelta(days=365)
read = {"revision_id": newest.pk, "state_hash": sign_offs.state_hash(article, newest)}
sign_offs.sign_off_article(article, **read, review_by=next_year, by=reviewer, now=now)
publication.publish_article(article, by=editor, now=now)
"""


@pytest.fixture(scope="module")
def running():
    with deployment_site.running() as everything:
        yield everything


@pytest.fixture
def services(running):
    return running[1]


@pytest.fixture
def mail(running):
    return running[2]


@pytest.fixture
def site(running):
    """Asked by a visitor who was never here."""
    return running[0].new_visitor()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not there")
def test_systemd_has_nothing_against_the_units(tmp_path):
    """Nothing it warns of, and little they may touch."""
    units = tmp_path / "units"
    shutil.copytree(DEPLOY / "systemd", units)
    for unit in units.glob("*.service"):  # as if it were installed
        unit.write_text(unit.read_text().replace("/srv/clinic/current/.venv/bin/python", sys.executable))
    (units / "clinic-web@.service").rename(units / "clinic-web@8001.service")
    named = sorted(path.name for path in units.glob("*.service"))
    env = {"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": f"{units}:"}
    timers = [path.name for path in units.glob("*.timer")]
    verify = ["systemd-analyze", "verify", *named, *timers]
    assert subprocess.run(verify, env=env, capture_output=True, text=True, check=False).stderr.strip() == ""
    for unit in named:
        argv = ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit]
        judged = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        assert judged.returncode == 0, f"{unit}: {judged.stdout.strip().rpartition(': ')[2]}"


def test_http_leads_to_https(site):
    plain = HTTPConnection("127.0.0.1", site.http, timeout=WAIT_TIMEOUT)
    plain.request("GET", "/learn/?a=b", headers={"Host": site.name})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{site.name}/learn/?a=b")
    answer.read()
    plain.request("POST", "/webhooks/texts/", "a=b", headers={"Host": site.name})
    assert plain.getresponse().status == 403  # a machine that sends secrets is not led on
    plain.close()


def test_tls_is_of_today_and_for_our_name_only(site):
    with site.shake_hands("h2", "http/1.1") as tls:
        assert (tls.selected_alpn_protocol(), tls.version()) == ("h2", "TLSv1.3")
    assert refused(tls_of_2013(site), site.https, site.name)
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    assert not refused(careless, site.https, site.name)
    assert refused(careless, site.https, "elsewhere.test")


def tls_of_2013(site):
    """TLS 1.0 and 1.1 only; this Python's own limits are lifted, so that it is nginx that refuses."""
    context = ssl.create_default_context(cafile=str(site.folder / "fullchain.pem"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


def refused(context, port, name):
    try:
        context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20), server_hostname=name).close()
    except (ssl.SSLError, ConnectionError):
        return True
    return False


def test_figures_are_for_the_machine_itself(site):
    monitor = HTTPConnection("127.0.0.1", site.monitor, timeout=WAIT_TIMEOUT)
    monitor.request("GET", "/health/metrics")
    answer = monitor.getresponse()
    assert (answer.status, b"clinic_due_messages" in answer.read()) == (200, True)
    monitor.close()
    assert site.ask("/health/metrics")[0].status == 404


def test_large_body_is_refused(site):
    assert site.ask("/start/", {"name": "x" * 110_000})[0].status == 413


def logged(site, words):
    """Return the lines of nginx's log with `words`; nginx writes them after it has answered."""
    for _ in range(WAIT_TIMEOUT * 10):
        lines = [line for line in (site.folder / "clinic.log").read_text().splitlines() if words in line]
        if lines:
            return lines
        time.sleep(0.1)
    raise AssertionError(f"{words!r} is not in nginx's log")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "JANE"])
def test_methods_that_the_site_does_not_have_end_at_nginx(site, method):
    assert site.ask("/start/", method=method)[0].status == 405
    [line] = logged(site, f" {method} ")
    assert line.split()[5:] == ["0.000", "-", "-", "TLSv1.3", "HTTP/1.1"]  # the site was not asked


def test_what_nginx_answers_itself_names_no_version_and_carries_the_sites_headers(site):
    """Errors of nginx, a static file, and an answer of the site, which sends each of them once."""
    own = [
        site.ask("/health/ready")[0],
        site.ask("/static/nothing.css")[0],
        site.ask("/", method="TRACE")[0],
        site.ask("/start/", {"name": "x" * 200_000})[0],
        site.ask("/" + "x" * 20_000)[0],
        site.ask("/", X_Long="x" * 30_000)[0],
    ]
    assert [answer.status for answer in own] == [404, 404, 405, 413, 414, 400]
    for answer in [*own, site.ask("/static/clinic/site.css")[0], site.ask("/")[0], site.ask("/nowhere/")[0]]:
        assert answer.headers.get_all("Strict-Transport-Security") == [HSTS], answer.status
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
        (policy,) = answer.headers.get_all("Content-Security-Policy")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Server"] in (None, "nginx")
    with socket.create_connection(("127.0.0.1", site.https), timeout=WAIT_TIMEOUT) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: clinic.test\r\n\r\n")  # to the port of TLS
        assert b"nginx/" not in plain.makefile("rb").read()


def test_static_files_are_immutable_compressed_and_safe(site):
    answer, page = site.ask("/")
    assert answer.headers["Strict-Transport-Security"] == HSTS
    found = re.search(r'"(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
    answer, _ = site.request(found[1], Accept_Encoding="gzip")
    names = ("Cache-Control", "Content-Encoding", "Vary", "Strict-Transport-Security", "X-Content-Type-Options")
    wanted = ["public, max-age=315360000, immutable", "gzip", "Accept-Encoding", HSTS, "nosniff"]
    assert [answer.headers[name] for name in names] == wanted
    assert site.ask("/static/")[0].status == 403
    assert site.ask("/static../secret_key")[0].status == 404


@pytest.mark.parametrize("path", ["/", ARTICLE])
def test_public_page_has_a_strong_tag_in_each_coding(site, path):
    tags, pages = set(), set()
    for coding, decode in DECODE.items():
        answer, body = site.request(path, **({"Accept_Encoding": coding} if coding else {}))
        assert (answer.status, answer.headers["Content-Encoding"], answer.headers["Set-Cookie"]) == (200, coding, None)
        assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == (PUBLIC, "Accept-Encoding")
        assert answer.headers["X-Accel-Expires"] is None
        assert int(answer.headers["Content-Length"]) == len(body)
        tags.add(answer.headers["ETag"])
        pages.add(decode(body))
    assert len(tags) == 3
    assert all(re.fullmatch(r'"[0-9a-f]{32}"', tag) for tag in tags)
    assert len(pages) == 1


@pytest.mark.parametrize("known", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_reader_who_has_the_page_gets_304(site, known):
    tag = site.request(ARTICLE, Accept_Encoding="br")[0].headers["ETag"]
    answer, body = site.request(ARTICLE, Accept_Encoding="br", If_None_Match=known.format(tag=tag))
    assert (answer.status, body, answer.headers["ETag"]) == (304, b"", tag)
    assert answer.headers["Cache-Control"] == PUBLIC
    assert site.request(ARTICLE, Accept_Encoding="br", If_None_Match='"other"')[0].status == 200


def test_head_is_get_without_a_body(site):
    for coding in ("identity", "br"):
        got, _ = site.request(ARTICLE, Accept_Encoding=coding)
        head, body = site.request(ARTICLE, method="HEAD", Accept_Encoding=coding)
        assert body == b""
        assert dict(head.headers) | {"Date": ""} == dict(got.headers) | {"Date": ""}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("x-gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("BR ; q=0.1", "br"),
        ("br ;q=0.000", None),
        ("gzip;q=0, *", None),
        ("brother", None),
    ],
)
def test_coding_is_one_that_the_reader_takes(site, accepted, coding):
    assert site.request(ARTICLE, Accept_Encoding=accepted)[0].headers["Content-Encoding"] == coding


def test_pages_come_from_the_cache(site):
    """Of thirty readers within two seconds or so, all but a few: one a second asks the site."""
    began, log = time.time(), site.folder / "clinic.log"
    skipped = len(log.read_text().splitlines())
    for _ in range(30):
        site.request("/learn/")
    asked = [line.split()[7] for line in log.read_text().splitlines()[skipped:]]
    assert len(asked) == 30
    assert asked.count("HIT") >= 30 - 2 - (time.time() - began)


def test_nothing_a_reader_sends_changes_what_others_read(site):
    before = site.request(ARTICLE)[1]
    poison = {
        "Cookie": "__Host-sessionid=evil; __Host-csrftoken=evil",
        "Authorization": "Basic evil",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Proto": "http",
        "X_Original_URL": "/admin/",
        "Range": "bytes=0-3",
        "If_None_Match": '"evil"',
        "User_Agent": "<script>",
    }
    answers = [site.request(f"{ARTICLE}?evil={n}", **{name: value}) for n, (name, value) in enumerate(poison.items())]
    assert {answer.headers["Set-Cookie"] for answer, _ in answers} == {None}
    assert {body for _, body in answers} <= {before, before[:4]}
    for path in (
        "/start/../learn/",
        "//learn/",
        "/learn/..%2fstart/",
        "/learn/%0a",
        "/learn/x/%0d%0aHost:evil/",
        "/LEARN/",
    ):
        answer, body = site.request(path)
        assert answer.headers["Set-Cookie"] is None, path
        assert b"csrfmiddlewaretoken" not in body, path
    assert site.request(ARTICLE)[1] == before
    assert "Learn" in site.ask("/learn/")[1]


def test_publication_shows_without_a_purge(site, services):
    """That it takes at most two seconds is measured by `bench.together`."""
    assert "Seen at once" not in site.ask("/learn/")[1]
    seen = []

    def watch():
        until = time.monotonic() + WAIT_TIMEOUT
        while not seen and time.monotonic() < until:
            if "Seen at once" in site.ask("/learn/")[1]:
                seen.append(True)
            time.sleep(0.1)  # below what nginx allows one address

    watcher = threading.Thread(target=watch)
    watcher.start()
    services.manage(PUBLISH)
    watcher.join()
    assert seen


def test_visitor_starts_a_trial(site, services, mail):
    answer, page = site.ask("/start/")
    cookie = str(answer.headers["Set-Cookie"])
    flags = sorted(part.strip().partition("=")[0] for part in cookie.split(";")[1:])
    assert (cookie.startswith("__Host-csrftoken="), flags) == (True, ["HttpOnly", "Path", "SameSite", "Secure"])
    restart_one_after_the_other(site, services)
    answer, text = site.ask("/start/", fill(page))
    wrong = re.findall(r'<a href="#[^"]*">([^<]+)', text) if answer.status != 303 else []
    assert (answer.status, wrong) == (303, [])  # a form from before the upgrade
    link = urlsplit(link_in(mail, "/confirm/"))
    assert (link.scheme, link.netloc) == ("https", site.name)
    _, page = site.ask(link.path)
    assert site.ask(link.path, hidden_fields(page))[0].status in (200, 303)
    my = urlsplit(link_in(mail, "/my/"))
    answer, page = site.ask(my.path)
    assert (answer.status, "day 1 of 7" in page, "no-store" in answer.headers["Cache-Control"]) == (200, True, True)
    logs = logs_with(site, " GET /my 200 ")
    assert [each for each in (my.path.split("/")[2], ADDRESS, "127.0.0.1") if each in logs] == []


def logs_with(site, line):
    """Return all logs once `line` is in them: nginx writes it after the answer. Fails after WAIT_TIMEOUT."""
    for _ in range(WAIT_TIMEOUT * 10):
        logs = "".join(path.read_text() for path in site.folder.glob("*.log"))
        if line in logs:
            return logs
        time.sleep(0.1)
    raise AssertionError(f"No log has {line!r}.")


def hidden_fields(page):
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def fill(page):
    """What Pat sends with the sign-up form."""
    boxes = re.findall(r'<input type="checkbox" name="([^"]+)"[^>]*required', page)
    asked = {"name": "Pat Doe", "email": ADDRESS, "state": "VT", "preferred_channel": "email"}
    asked |= {"aq_7": "", "best_time": "any", "time_zone": "America/New_York"}
    return hidden_fields(page) | asked | dict.fromkeys(boxes, "on")


def link_in(mail, path):
    body = mail.next_to(ADDRESS).get_body(["plain"])
    found = re.search(rf"https://\S+{path}\S+", body.get_content() if body else "")
    return found[0] if found else ""


def restart_one_after_the_other(site, services):
    """As docs/operating.md says, while visitors read and send forms: no request fails."""
    answers, enough = [], threading.Event()

    def visit():
        visitor = site.new_visitor()
        _, page = visitor.ask("/start/")
        form = hidden_fields(page)
        while not enough.wait(0.3):  # below what nginx allows one address
            for path, sent in (("/start/", None), ("/start/", form), ("/learn/", None)):
                answers.append(visitor.ask(path, sent)[0].status)

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    try:
        for which in (*site.web, "worker"):
            services.stop(which)
            services.start(which)
    finally:
        enough.set()
        for visitor in visitors:
            visitor.join(WAIT_TIMEOUT)
    assert set(answers) == {200, 422}


def test_slow_senders_hold_no_thread(site):
    """Three times as many half-sent forms as there are threads, and still everybody is answered."""
    half = f"POST /start/ HTTP/1.1\r\nHost: {site.name}\r\nContent-Length: 1000\r\n\r\nname=".encode()
    slow = [site.shake_hands() for _ in range(24)]
    for connection in slow:
        connection.sendall(half)
    assert [site.ask("/start/")[0].status for _ in range(4)] == [200] * 4
    for connection in slow:
        connection.close()


def test_cache_holds_public_pages_and_nothing_else(site):
    """Asked after all of the above: each page in it by its key, none with a form or a cookie."""
    for path in ("/start/", "/admin/login/", "/health/live", "/learn/nothing/", "/my/x/"):
        site.new_visitor().ask(path)
    kept = [path.read_bytes() for path in (site.folder / "clinic").rglob("*") if path.is_file()]
    keys = {re.search(rb"\nKEY: (.*)\n", page)[1].decode().split()[0] for page in kept}
    assert keys <= {site.name + path for path in ("/", "/learn/", ARTICLE)}
    assert f"{site.name}/learn/" in keys
    assert [page for page in kept if b"csrfmiddlewaretoken" in page or b"\r\nset-cookie" in page.lower()] == []


def test_public_pages_outlive_the_database_and_the_site(site, services):
    paths = ("/", "/learn/", ARTICLE, "/terms/", "/robots.txt")
    before = {path: site.request(path, Accept_Encoding="br")[1] for path in paths}
    services.stop_database()
    assert site.ask("/start/")[0].status == 503
    for path in (*paths, *paths):
        assert site.request(path, Accept_Encoding="br")[1] == before[path]
    for port in site.web:
        services.stop(port)
    for path in paths:
        answer, body = site.request(path, Accept_Encoding="br")
        assert (answer.status, body) == (200, before[path])
    tag = answer.headers["ETag"]
    assert site.request(path, Accept_Encoding="br", If_None_Match=tag)[0].status == 304
    answer, page = site.ask("/start/")
    assert (answer.status, answer.headers["Retry-After"], "911" in page) == (503, "60", True)
    statuses, connection = set(), site.open()
    for _ in range(400):
        connection.request("GET", "/start/", headers={"Host": site.name})
        response = connection.getresponse()
        response.read()
        statuses.add(response.status)
    connection.close()
    assert statuses == {429, 503}
