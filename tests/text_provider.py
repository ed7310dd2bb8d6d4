"""A real HTTP server on loopback that takes texts as Twilio does, and answers as a test wants."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.parse import parse_qsl

Answer = tuple[int, dict[str, object]]
ACCOUNT, TOKEN, SENDER = "AC" + "0" * 32, "a-token-of-the-account", "+12125550100"


def accepted(form: dict[str, str]) -> Answer:
    return 201, {"sid": "SM" + "1" * 32, "status": "queued", "to": form["To"], "body": form["Body"]}


def refused(status: int, code: int) -> Answer:
    return status, {"code": code, "message": "Refused +15550001111", "more_info": "", "status": status}


class TextProvider:
    """`texts`: the forms that were accepted. `answer(form)` decides what the client is told."""

    def __init__(self) -> None:
        self.texts: list[dict[str, str]] = []
        self.arrivals: Queue[dict[str, str]] = Queue()
        self.authorizations: set[str] = set()
        self.url = ""
        self.answer: Callable[[dict[str, str]], Answer] = accepted


@contextmanager
def running() -> Iterator[TextProvider]:
    provider = TextProvider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            provider.authorizations.add(self.headers["Authorization"])
            status, body = provider.answer(form)
            if status == 201:
                provider.texts.append(form)
                provider.arrivals.put(form)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
