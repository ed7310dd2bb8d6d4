"""Nothing that somebody types makes the site ask a machine inside: not by spelling, redirect or rebinding."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import pytest

from clinic.lib import outgoing_requests
from clinic.lib.outgoing_requests import RequestRefused, ResponseTooLarge, fetch, is_public
from content import link_checker
from content.link_checker import LinkResult

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.5", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
    "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1", "64:ff9b:1::a00:5", "2002:7f00:1::", "2001:0:7f00:1::", "::127.0.0.1", "2001:db8::1",
]  # fmt: skip
SPELLED = [
    "127.0.0.1", "localhost", "LOCALHOST", "0177.0.0.1", "2130706433", "0x7f000001", "127.1", "0", "0.0.0.0", "[::1]",
    "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "169.254.169.254", "[fe80::1]", "10.0.0.1",
    "①②⑦.0.0.1", "127。0。0。1", "[::ffff:7f00:1]",
]  # fmt: skip
ODD = [
    "file:///etc/passwd", "ftp://example.com/", "gopher://127.0.0.1/", "https://", "https:///x", "//127.0.0.1/",
    "https://user:secret@example.com/", "https://example.com@127.0.0.1/", "https://example.com:0/", "https://[x/",
    "https://example.com:99999/", "https://example.com/a b", "https://example.com/a\r\nX: y", "javascript:alert(1)", "",
]  # fmt: skip


class Inside(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requested.append((self.path, dict(self.headers)))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            self.wfile.write(b"x" * 100_000)
            return
        self.send_response(200)
        self.end_headers()
        try:
            while self.path == "/endless" or self.path == "/drip":
                self.wfile.write(b"x" * (65_536 if self.path == "/endless" else 1))
                if self.server.released.wait(0.02 if self.path == "/drip" else 0):
                    return
        except OSError:
            return

    def log_message(self, *args):
        pass


@pytest.fixture
def inside():
    """A machine inside, on loopback, which notes what it is asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Inside)
    server.requested, server.released = [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def allowed(settings):
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]


def test_public_addresses_are_told_from_all_others():
    assert [address for address in PRIVATE if is_public(address)] == []
    assert all(map(is_public, ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::", "::ffff:8.8.8.8"]))


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", SPELLED)
def test_no_spelling_reaches_a_machine_inside(inside, host, scheme):
    with pytest.raises(OSError, match=r"."):
        fetch(f"{scheme}://{host}:{inside.server_port}/", timeout=5)
    found = link_checker.check_link(f"{scheme}://{host}:{inside.server_port}/", timeout=5)
    assert found.outcome in (LinkResult.DEAD, LinkResult.NO_RESPONSE)
    assert inside.requested == []


@pytest.mark.parametrize("url", ODD)
def test_what_is_no_address_of_the_web_is_refused(url):
    with pytest.raises(RequestRefused):
        fetch(url, timeout=5)


def test_an_open_and_a_closed_port_inside_are_answered_alike(inside):
    answers = [link_checker.check_link(f"http://127.0.0.1:{port}/", timeout=5) for port in (inside.server_port, 9)]
    assert answers[0] == answers[1]


def test_a_name_is_resolved_once_and_that_address_is_asked(inside, monkeypatch, settings):
    """A name server that answers first with an allowed address and then with another (rebinding)."""
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.1/32")]
    answers = iter(["127.0.0.1", "127.0.0.99", "127.0.0.99"])
    asked, genuine = [], socket.getaddrinfo

    def rebinding(host, port, *args, **kwargs):
        if host != "rebinding.example":
            return genuine(host, port, *args, **kwargs)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert fetch(f"http://rebinding.example:{inside.server_port}/", timeout=5).status == 200
    assert asked == ["rebinding.example"]
    assert inside.requested[0][1]["Host"] == f"rebinding.example:{inside.server_port}"
    with pytest.raises(RequestRefused):
        fetch(f"http://rebinding.example:{inside.server_port}/", timeout=5)


def test_a_name_with_one_address_inside_is_refused(monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: both)
    with pytest.raises(RequestRefused):
        fetch("https://two.example/", timeout=5)


@pytest.mark.parametrize(
    "target", ["http://127.0.0.9:{port}/", "https://169.254.169.254/latest/meta-data/", "//[::1]/", "file:///x"]
)
def test_a_redirect_inside_is_not_followed(inside, settings, target):
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.1/32")]
    with pytest.raises(RequestRefused):
        fetch(f"{inside.url}/to/{target.format(port=inside.server_port)}", timeout=5)
    assert len(inside.requested) == 1


def test_redirects_end_and_secrets_stay_with_their_host(inside, allowed, monkeypatch):
    loop = f"{inside.url}/to/" * 8 + "/x"
    with pytest.raises(RequestRefused, match="too many"):
        fetch(loop, timeout=5)
    inside.requested.clear()
    url = f"{inside.url}/to/http://localhost:{inside.server_port}/"
    try:
        fetch(url, timeout=5, headers={"Authorization": "secret", "X-Kept": "yes"})
    except RequestRefused:
        pytest.skip("localhost is ::1 first here")
    assert [headers.get("Authorization") for _, headers in inside.requested] == ["secret", None]


def test_an_endless_body_is_cut_off(inside, allowed):
    with pytest.raises(ResponseTooLarge):
        fetch(f"{inside.url}/endless", timeout=30, max_bytes=100_000)
    assert fetch(f"{inside.url}/endless", timeout=30, max_bytes=0).body == b""


def test_a_body_that_drips_is_cut_off_in_time(inside, allowed):
    started = time.monotonic()
    with pytest.raises(OSError, match=r"."):
        fetch(f"{inside.url}/drip", timeout=0.5)
    assert time.monotonic() - started < 20


def test_no_proxy_of_the_environment_is_asked(inside, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, inside.url)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *args, **kwargs: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))]
    )
    monkeypatch.setattr(
        outgoing_requests.socket, "create_connection", lambda *args: (_ for _ in ()).throw(OSError("x"))
    )
    with pytest.raises(OSError, match=r"."):
        fetch("https://example.com/", timeout=5)
    assert inside.requested == []
