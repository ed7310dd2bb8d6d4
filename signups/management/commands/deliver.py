import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections
from django.utils import timezone

from signups import delivery

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 60  # seconds, while the database is away


class Command(BaseCommand):
    help = "Sends the messages that are due, for ever; --once stops when none is left. Stop it with SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")
        parser.add_argument("--poll", type=float, default=1.0, help="seconds between two looks at the outbox")

    def handle(self, *args: Any, once: bool, poll: float, **options: Any) -> None:
        self.stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        pause = poll
        while not self.stopping.is_set():
            try:
                taken = delivery.deliver_due(timezone.now)
                pause = poll
            except (Error, OSError):
                # The database or the mail server is away: what is due stays due.
                logger.exception("delivery pauses for %s s", pause)
                close_old_connections()
                taken, pause = 0, min(pause * 2, LONGEST_PAUSE)
            if taken == 0:
                if once:
                    return
                self.stopping.wait(pause)
