"""Link checker, against a local server."""

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from ipaddress import ip_network
from urllib.parse import quote, unquote

import pytest
from django.core.management import CommandError, call_command

from clinic import roles
from content import link_checker
from content.link_checker import Link, LinkResult
from content.models.link_checks import LinkCheck
from tests.factories import content, users
from tests.services import WAIT_TIMEOUT

DOI = "10.1000/retracted"


class Network(BaseHTTPRequestHandler):
    """Server in the roles of publisher, archive and registry."""

    def do_GET(self):
        self.server.requested.append(self.path)
        place = self.path.split("?")[0]
        if place.startswith("/status/"):
            return self.answer(int(place.split("/")[2]))
        if place.startswith("/to/"):
            code, target = place.removeprefix("/to/").split("/", 1)
            return self.answer(int(code), location=unquote(target) if ":" in unquote(target) else "/" + target)
        if place == "/silent":
            self.server.released.wait(WAIT_TIMEOUT)
            return None
        if place == "/rubbish":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            return None
        return self.answer(200, self.server.records.get(unquote(self.path), {}))

    def answer(self, status, record=None, location=""):
        body = json.dumps(record or {}).encode()
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def network(monkeypatch, settings):
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Network)
    server.requested, server.records, server.released = [], {}, threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(link_checker, "CROSSREF", f"{server.url}/works/")
    monkeypatch.setattr(link_checker, "ARCHIVE", f"{server.url}/archive?url=")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def retract(network, doi=DOI, kind="retraction"):
    notice = {"type": kind, "DOI": "10.1000/notice", "updated": {"date-time": "2021-03-04T00:00:00Z"}}
    network.records[f"/works/{doi}"] = {"message": {"DOI": doi.upper(), "updated-by": [notice]}}


@pytest.mark.parametrize(
    ("path", "outcome", "status"),
    [
        ("/page", LinkResult.ALIVE, 200),
        ("/status/404", LinkResult.DEAD, 404),
        ("/status/410", LinkResult.DEAD, 410),
        ("/status/403", LinkResult.BLOCKED, 403),
        ("/status/429", LinkResult.BLOCKED, 429),
        ("/status/503", LinkResult.NO_RESPONSE, 503),
        ("/rubbish", LinkResult.NO_RESPONSE, 0),
    ],
)
def test_link_is_judged_by_its_answer(network, path, outcome, status):
    found = link_checker.check_link(network.url + path, timeout=WAIT_TIMEOUT)
    assert (found.outcome, found.status) == (outcome, status)


def test_redirects_say_where_they_end_and_whether_for_good(network):
    paths = ("/to/301/new", "/to/302/new", "/to/301/status/404")
    looked = [link_checker.check_link(network.url + path, timeout=WAIT_TIMEOUT) for path in paths]
    assert [(link.outcome, link.final_url) for link in looked] == [
        (LinkResult.MOVED, network.url + "/new"),
        (LinkResult.ALIVE, network.url + "/new"),
        (LinkResult.DEAD, network.url + "/status/404"),
    ]


def test_endless_redirects_end(network):
    assert (
        link_checker.check_link(network.url + "/to/302/to/302/to/302/new", timeout=WAIT_TIMEOUT).outcome
        == LinkResult.ALIVE
    )
    network.records["/round"] = {}
    loop = link_checker.check_link(network.url + "/to/302/" + "to/302/" * 15 + "new", timeout=WAIT_TIMEOUT)
    assert loop.outcome in (LinkResult.DEAD, LinkResult.NO_RESPONSE)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "//host", "http://", "http://[x"]
)
def test_nothing_but_the_web_is_asked(network, url):
    assert link_checker.check_link(url, timeout=WAIT_TIMEOUT) == Link(
        LinkResult.DEAD, error="not an address of the web (http or https)"
    )


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_redirect_out_of_the_web_is_not_followed(network, target):
    found = link_checker.check_link(f"{network.url}/to/302/{quote(target, safe='')}", timeout=WAIT_TIMEOUT)
    assert (found.outcome, found.status) == (LinkResult.DEAD, 0)


def test_server_that_says_nothing_is_given_up(network):
    assert link_checker.check_link(network.url + "/silent", timeout=0.2).outcome == LinkResult.NO_RESPONSE


def test_nobody_there(settings):
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    assert link_checker.check_link("http://127.0.0.1:9/", timeout=WAIT_TIMEOUT).outcome == LinkResult.NO_RESPONSE


def test_archive_copy_is_named(network):
    url = "https://journal.example/a?b=c"
    copy = {"available": True, "url": "https://web.archive.org/web/2026/x"}
    network.records[f"/archive?url={url}"] = {"archived_snapshots": {"closest": copy}}
    assert link_checker.archive_copy(url, timeout=WAIT_TIMEOUT) == "https://web.archive.org/web/2026/x"
    assert link_checker.archive_copy("https://journal.example/other", timeout=WAIT_TIMEOUT) == ""


STRANGE = {"archived_snapshots": {"closest": {"available": True, "url": "javascript:x"}}}


@pytest.mark.parametrize("record", [[], {"archived_snapshots": []}, STRANGE])
def test_answer_of_another_shape_is_no_copy(network, record):
    network.records["/archive?url=x"] = record
    assert link_checker.archive_copy("x", timeout=WAIT_TIMEOUT) == ""


def test_retraction_is_told(network):
    retract(network)
    assert link_checker.retraction_notices(DOI, timeout=WAIT_TIMEOUT) == ["retraction, 2021-03-04, doi:10.1000/notice"]


def test_expression_of_concern_is_told_and_a_correction_is_not(network):
    retract(network, kind="expression_of_concern")
    assert link_checker.retraction_notices(DOI, timeout=WAIT_TIMEOUT) == [
        "expression of concern, 2021-03-04, doi:10.1000/notice"
    ]
    retract(network, kind="correction")
    assert link_checker.retraction_notices(DOI, timeout=WAIT_TIMEOUT) == []


def test_unknown_doi_is_not_a_clean_one(network):
    assert link_checker.retraction_notices("10.1000/unknown", timeout=WAIT_TIMEOUT) is None


def check(*args, **options):
    out = StringIO()
    call_command("check_links", *args, stdout=out, timeout=WAIT_TIMEOUT, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_results_are_kept_with_their_day_and_progress_is_shown(network, time_machine):
    now = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
    time_machine.move_to(now, tick=False)
    content.SourceFactory(key="a", url=network.url + "/page")
    content.SourceFactory(key="b", url=network.url + "/to/301/new")
    output = check()
    assert output.splitlines() == [
        "[1/2] a … alive",
        f"[2/2] b … Moved permanently – {network.url}/new",
        "No link is dead, and no notice is known against a source.",
    ]
    kept = LinkCheck.objects.order_by("source__key").values_list("checked_at", "outcome")
    assert list(kept) == [(now, "alive"), (now, "moved")]


@pytest.mark.django_db
def test_dead_or_retracted_source_ends_in_an_error(network):
    retract(network)
    content.SourceFactory(key="a", url=network.url + "/status/404")
    content.SourceFactory(key="b", url=network.url + "/page", doi=DOI)
    with pytest.raises(CommandError, match="1 dead, 1 with a notice against them"):
        check()
    assert LinkCheck.objects.get(source__key="b").retraction_notice == "retraction, 2021-03-04, doi:10.1000/notice"


@pytest.mark.django_db
def test_stopped_run_goes_on_where_it_was(network, monkeypatch, time_machine):
    now = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
    time_machine.move_to(now, tick=False)
    for key in "abc":
        content.SourceFactory(key=key, url=f"{network.url}/{key}")
    look = link_checker.check_link

    def stopped(url, *, timeout):
        if url.endswith("/c"):
            raise KeyboardInterrupt
        return look(url, timeout=timeout)

    monkeypatch.setattr(link_checker, "check_link", stopped)
    with pytest.raises(KeyboardInterrupt):
        check()
    monkeypatch.setattr(link_checker, "check_link", look)
    assert check().splitlines()[0] == "[1/1] c … alive"
    assert check().splitlines()[0].startswith("No link is dead")
    time_machine.move_to(now + dt.timedelta(days=8), tick=False)
    assert check().splitlines()[0] == "[1/3] a … alive"


@pytest.mark.django_db
def test_named_sources_are_looked_at_again(network):
    content.SourceFactory(key="a", url=network.url + "/page")
    content.SourceFactory(key="b", url=network.url + "/page")
    check()
    assert check("b").splitlines()[0] == "[1/1] b … alive"
    with pytest.raises(CommandError, match=r"There is no source c\."):
        check("c")


@pytest.mark.django_db
def test_desk_shows_what_was_found_and_when(client, clinic):
    client.force_login(users.UserFactory(role=roles.EDITOR))
    dead = content.LinkCheckFactory(outcome="dead", status=404, source__key="dead-one").source
    content.LinkCheckFactory(outcome="alive", source__key="fine-one")
    content.LinkCheckFactory(outcome="alive", retraction_notice="retraction", notice_known=True, source__key="bad-one")
    page = client.get("/admin/content/source/?link_check__outcome__exact=dead").content.decode()
    assert ("dead-one" in page, "fine-one" in page) == (True, False)
    page = client.get("/admin/content/source/?notice=yes").content.decode()
    assert ("bad-one" in page, "fine-one" in page) == (True, False)
    page = client.get(f"/admin/content/source/{dead.pk}/change/").content.decode()
    assert "404" in page
