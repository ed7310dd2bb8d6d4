"""A small IMAP server on loopback (RFC 3501) with one folder, which keeps whether anything was marked or moved."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Mailbox:
    """`messages` by UID; `commands` as they came."""

    def __init__(self) -> None:
        self.messages: dict[int, bytes] = {}
        self.uid_validity = 1
        self.commands: list[str] = []
        self.password = "secret"
        self.port = 0

    def add(self, content: bytes) -> int:
        uid = max(self.messages, default=0) + 1
        self.messages[uid] = content
        return uid

    def answer(self, command: str) -> list[bytes]:
        """The untagged lines of a command; raises PermissionError for what is refused."""
        name, _, rest = command.partition(" ")
        match name.upper():
            case "CAPABILITY":
                return [b"* CAPABILITY IMAP4rev1"]
            case "LOGIN" if rest != f'care "{self.password}"':
                raise PermissionError
            case "EXAMINE":
                following = max(self.messages, default=0) + 1
                lines = [f"* {len(self.messages)} EXISTS", f"* OK [UIDVALIDITY {self.uid_validity}] ok"]
                return [line.encode() for line in (*lines, f"* OK [UIDNEXT {following}] ok")]
            case "UID" if found := re.match(r"SEARCH UID (\d+):\*", rest):
                uids = [uid for uid in self.messages if uid >= int(found[1])] or [max(self.messages, default=0)]
                return [b"* SEARCH " + " ".join(str(uid) for uid in uids if uid).encode()]
            case "UID" if rest.startswith("SEARCH SINCE"):
                return [b"* SEARCH " + " ".join(map(str, self.messages)).encode()]
            case "UID" if found := re.match(r"FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", rest):
                uid, content = int(found[1]), self.messages[int(found[1])][: int(found[2])]
                return [b"* %d FETCH (UID %d BODY[]<0> {%d}" % (uid, uid, len(content)), content + b")"]
        return []


@contextmanager
def running() -> Iterator[Mailbox]:
    mailbox = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            for line in self.rfile:
                tag, _, command = line.decode().strip().partition(" ")
                mailbox.commands.append(command)
                try:
                    lines, result = mailbox.answer(command), "OK done"
                except PermissionError:
                    lines, result = [], "NO refused"
                self.wfile.write(b"".join(line + b"\r\n" for line in [*lines, f"{tag} {result}".encode()]))

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    mailbox.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield mailbox
    finally:
        server.shutdown()
        server.server_close()
