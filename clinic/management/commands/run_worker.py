"""`manage.py run_worker`: run the background jobs of settings.WORKER_JOBS."""

import logging
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, close_old_connections
from django.utils import timezone
from django.utils.module_loading import import_string

from clinic.lib.encryption import DecryptionError
from signups.ops import restore_marker
from signups.ops.key_check import verify_keys
from signups.privacy.restoration import require_applied

logger = logging.getLogger(__name__)

MAX_BACKOFF = 60.0  # seconds, while the database is unavailable


@dataclass
class Job:
    """One entry of settings.WORKER_JOBS.

    `interval` is in seconds, `next_at` the monotonic time of the next run.
    """

    name: str
    interval: float
    next_at: float = 0.0
    failures: int = 0

    def run(self) -> bool:
        """Run the job once; return whether it may have more to do.

        A failure is logged and retried with backoff.
        """
        try:
            busy = bool(import_string(self.name)(timezone.now))
            self.failures = 0
        except restore_marker.RestoreIncompleteError:
            raise
        except (Error, OSError):  # the database is unavailable; due work stays due
            self.failures += 1
            logger.exception("%s pauses", self.name)
            close_old_connections()
            busy = False
        except Exception:
            self.failures += 1
            logger.exception("%s failed", self.name)
            busy = False
        pause = 0.0 if busy else min(self.interval * 2**self.failures, max(MAX_BACKOFF, self.interval))
        self.next_at = time.monotonic() + pause
        return busy


class Command(BaseCommand):
    help = "Does what need not be done at once: sends messages and the like, for ever. Stop it with SIGTERM."
    stopping = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is left to do")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        try:
            verify_keys()
            restore_marker.require_complete()
            require_applied()
        except (DecryptionError, restore_marker.RestoreIncompleteError) as error:
            raise CommandError(str(error)) from None
        jobs = [Job(name, interval) for name, interval in settings.WORKER_JOBS.items()]
        if once:
            for name in settings.WORKER_JOBS:
                while import_string(name)(timezone.now):
                    pass
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self.stopping:
            try:
                self.run_due(jobs)
            except restore_marker.RestoreIncompleteError as error:
                raise CommandError(str(error)) from None
            self.wait(min(job.next_at for job in jobs))

    def run_due(self, jobs: list[Job]) -> None:
        """Run the jobs whose time has come. Raises RestoreIncompleteError when a restore begins, or was made."""
        with suppress(Error):  # each job meets it too
            require_applied()
        for job in jobs:
            restore_marker.require_complete()
            if not self.stopping and job.next_at <= time.monotonic():
                job.run()

    def stop(self, *_: Any) -> None:
        """Stop after the current job.

        Only sets a flag: a lock taken in a signal handler can deadlock.
        """
        self.stopping = True

    def wait(self, until: float) -> None:
        """Sleep until this monotonic time, or until `stop`."""
        while not self.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.5))
