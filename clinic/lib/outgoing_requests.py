"""The one way to ask another server: public https only, bounded in size and time (ASVS 5.0 V1.3.6, SSRF).

A name is resolved once and the connection goes to the address that was checked, so that a second answer of the name
server (rebinding) changes nothing. Loopback, private, link-local and metadata ranges are refused in every spelling, in
IPv6 and behind redirects too. Networks of the operator's own are reached only when settings.OUTGOING_ALLOWED_NETWORKS
lists them, then also by plain http. Proxies of the environment are not used.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as ResolverTimeout
from dataclasses import dataclass
from email.message import Message
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from django.conf import settings

MAX_BYTES = 2_000_000
MAX_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
PERMANENT_REDIRECTS = {301, 308}
TRANSLATED = [ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "2002::/16", "2001::/32")]
SECRET_HEADERS = {"authorization", "cookie"}


class RequestRefused(OSError):
    """The address may not be asked; the message says why, and nothing of what is there."""


class PlainHttpRefused(RequestRefused):
    """A public address was to be asked by plain http."""


class ResponseTooLarge(OSError):
    """The body is longer than `max_bytes`."""


@dataclass(frozen=True)
class Response:
    """`url` is where redirects ended; `moved` tells that the first of them was permanent."""

    status: int
    url: str
    headers: Message
    body: bytes
    moved: bool = False


def fetch(
    url: str,
    *,
    timeout: float,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    max_bytes: int = MAX_BYTES,
    max_redirects: int = MAX_REDIRECTS,
) -> Response:
    """Return the response of any status, within `timeout` seconds altogether.

    Raises RequestRefused, ResponseTooLarge, or another OSError or HTTPException of the network. With `max_bytes=0` no
    body is read, and its length does not matter.
    """
    deadline, sent, moved = time.monotonic() + timeout, dict(headers or {}), False
    for hop in range(max_redirects + 1):
        parts = _checked(url)
        response = _ask(parts, method, body, sent, max_bytes, deadline)
        target = response.headers.get("Location", "")
        if response.status not in REDIRECTS or not target:
            return Response(response.status, url, response.headers, response.body, moved)
        moved = moved or (hop == 0 and response.status in PERMANENT_REDIRECTS)
        url = urljoin(url, quote(target, safe=":/?#[]@!$&'()*+,;=%~"))
        if parts.scheme == "https" and url.startswith("http:"):
            url = f"https{url.removeprefix('http')}"  # never back to plain http
        if urlsplit(url).netloc != parts.netloc:
            sent = {name: value for name, value in sent.items() if name.lower() not in SECRET_HEADERS}
        if response.status == 303 or (response.status in (301, 302) and method == "POST"):
            method, body = "GET", None
    raise RequestRefused("too many redirects")


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public internet."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip.is_site_local or any(ip in network for network in TRANSLATED):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _checked(url: str) -> SplitResult:
    """Return the parts of an address of the web. Raises RequestRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port  # raises ValueError beyond 65535
    except ValueError:
        raise RequestRefused("not an address of the web") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise RequestRefused("not an address of the web (https)")
    if "@" in parts.netloc or any(character <= " " or character > "~" for character in parts.path + parts.query):
        raise RequestRefused("an address with a user name, a space or a control character in it")
    return parts


def _ask(
    parts: SplitResult, method: str, body: bytes | None, headers: dict[str, str], max_bytes: int, deadline: float
) -> Response:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _resolve(host, port, deadline, plain=parts.scheme == "http")
    connection = _PinnedConnection(host, port, address, deadline, tls=parts.scheme == "https")
    with contextlib.closing(connection), _cut_off(connection, deadline):
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, {"Accept-Encoding": "identity", "Connection": "close", **headers})
        answer = connection.getresponse()
        content = b""
        while max_bytes and (chunk := answer.read1(65_536)):
            content += chunk
            if len(content) > max_bytes:
                raise ResponseTooLarge("the answer is too long")
            _seconds_left(deadline)
        return Response(answer.status, "", answer.headers, content)


def _resolve(host: str, port: int, deadline: float, *, plain: bool) -> str:
    """Return one IP address of `host`, after checking all of them. Raises RequestRefused, OSError."""
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode()
    resolver = ThreadPoolExecutor(1)
    try:
        found = resolver.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        addresses = [str(info[4][0]) for info in found.result(_seconds_left(deadline))]
    except (ResolverTimeout, UnicodeError):
        raise OSError("the name was not resolved") from None
    finally:
        resolver.shutdown(wait=False)
    for address in addresses:
        listed = any(ip_address(address.partition("%")[0]) in network for network in settings.OUTGOING_ALLOWED_NETWORKS)
        if not listed and not is_public(address):
            raise RequestRefused("not an address of the public web")
        if not listed and plain:
            raise PlainHttpRefused("plain http")
    return addresses[0]


class _PinnedConnection(http.client.HTTPConnection):
    """A connection to an address that was checked; TLS and `Host` name the host."""

    def __init__(self, host: str, port: int, address: str, deadline: float, *, tls: bool) -> None:
        super().__init__(host, port)
        self.default_port = 443 if tls else 80
        self.address, self.deadline, self.tls = address, deadline, tls

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), _seconds_left(self.deadline))
        if self.tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


@contextlib.contextmanager
def _cut_off(connection: http.client.HTTPConnection, deadline: float) -> Iterator[None]:
    """End the connection at the deadline, however slowly the other side keeps sending."""

    def cut() -> None:
        if connection.sock:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_seconds_left(deadline), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _seconds_left(deadline: float) -> float:
    if (left := deadline - time.monotonic()) <= 0:
        raise TimeoutError("timed out")
    return left
