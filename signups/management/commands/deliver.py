import logging
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections
from django.utils import timezone

from signups import delivery

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0  # seconds, while the database is away


class Command(BaseCommand):
    help = "Sends the messages that are due, for ever; --once stops when none is left. Stop it with SIGTERM."
    stopping = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")
        parser.add_argument("--poll", type=float, default=1.0, help="seconds between two looks at the outbox")

    def handle(self, *args: Any, once: bool, poll: float, **options: Any) -> None:
        if once:
            while delivery.deliver_due(timezone.now):
                pass
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        pause = poll
        while not self.stopping:
            try:
                idle = delivery.deliver_due(timezone.now) == 0
                pause = poll
            except (Error, OSError):
                # The database is away: what is due stays due.
                logger.exception("delivery pauses for %s s", pause)
                close_old_connections()
                idle, pause = True, min(pause * 2, LONGEST_PAUSE)
            if idle:
                self.wait(pause)

    def stop(self, *_: Any) -> None:
        """After the batch in hand. Only a flag: a lock taken in a signal handler can wait for itself."""
        self.stopping = True

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.5))
