"""`manage.py apply_journal`: do again on this database what the restore journal of this machine tells of."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from signups.ops import restore_marker

from . import backup


class Command(BaseCommand):
    help = (
        "For a database into whose place an older backup was put, on each machine that had a worker, before anything "
        "starts there: erases and withdraws again, and keeps what was sent from being sent twice."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with restore_marker.exclusive():
                restore_marker.require_complete()
                backup.apply_journal(self, in_place=True)
        except restore_marker.RestoreIncompleteError as error:
            raise CommandError(str(error)) from None
