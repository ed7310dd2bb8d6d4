"""A real SMTP server on loopback that keeps what it is given and answers as a test wants."""

import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from queue import Queue

from aiosmtpd.controller import Controller

from .processes import free_port
from .services import WAIT_TIMEOUT


class MailServer:
    """`messages`: what was accepted, parsed. `answer(message)` decides what the client is told.

    `answer_recipient(address)` does so before, at RCPT.
    """

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.arrivals: Queue[EmailMessage] = Queue()
        self.port = 0
        self.answer: Callable[[EmailMessage], str] = lambda message: "250 OK"
        self.answer_recipient: Callable[[str], str] = lambda address: "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options) -> str:  # noqa: N802
        answer = self.answer_recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802  (aiosmtpd's name)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        answer = await server.loop.run_in_executor(None, self.answer, message)
        if answer.startswith("250"):
            self.messages.append(message)
            self.arrivals.put(message)
        return answer

    def next_to(self, address: str) -> EmailMessage:
        """Wait for the next message to `address`. Raises queue.Empty after WAIT_TIMEOUT."""
        while True:
            message = self.arrivals.get(timeout=WAIT_TIMEOUT)
            if address in message["To"]:
                return message


@contextmanager
def running() -> Iterator[MailServer]:
    handler = MailServer()
    handler.port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port, ready_timeout=WAIT_TIMEOUT)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop(no_assert=True)
