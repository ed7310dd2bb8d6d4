"""What nobody needs any more can still be stolen: sessions and lock-outs that are over, and what SQLite's log holds."""

import datetime as dt
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Exists, OuterRef

SESSION_BATCH = 500


def delete_expired_sessions(clock: Callable[[], dt.datetime]) -> int:
    """For the worker: deletes up to BATCH of them, and what was noted of where they were opened; how many these were.

    Where a session was opened is noted apart from it; a day's grace, as the two are not written at one moment.
    """
    noted = UserSession.objects.filter(~Exists(Session.objects.filter(session_key=OuterRef("session_key"))))
    orphans = [session.pk for session in noted.filter(last_seen_at__lt=clock() - dt.timedelta(days=1))[:SESSION_BATCH]]
    over = list(Session.objects.filter(expire_date__lt=clock()).values_list("pk", flat=True)[:SESSION_BATCH])
    UserSession.objects.filter(pk__in=orphans).delete()
    Session.objects.filter(pk__in=over).delete()
    AccessAttempt.objects.filter(attempt_time__lt=clock() - settings.AXES_COOLOFF_TIME).delete()
    return len(orphans) + len(over)


def checkpoint_wal(clock: Callable[[], dt.datetime]) -> int:
    """For the worker: moves what SQLite wrote beside its file into it, where what was erased is overwritten; returns 0.

    SQLite itself does so after a thousand pages, and never shortens the log: till then it would hold who was erased.
    While somebody reads, writers would wait for us (https://sqlite.org/pragma.html#pragma_wal_checkpoint); so we
    hardly wait, and come again.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:  # (where it cannot be done)
        with connection.cursor() as cursor:
            patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
            cursor.execute("PRAGMA busy_timeout = 50")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {patience}")
    return 0
