"""Worker jobs: delete expired sessions and lockouts, truncate SQLite's WAL."""

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
    """Worker job: delete expired sessions; return how many.

    Deletes up to SESSION_BATCH `Session` and `UserSession` rows each.

    The two rows of a session are not written in one transaction, so orphans get a day's grace. Lockouts past their
    cool-off are deleted too, uncounted.
    """
    now = clock()
    unmatched = UserSession.objects.filter(~Exists(Session.objects.filter(session_key=OuterRef("session_key"))))
    orphans = [session.pk for session in unmatched.filter(last_seen_at__lt=now - dt.timedelta(days=1))[:SESSION_BATCH]]
    expired = list(Session.objects.filter(expire_date__lt=now).values_list("pk", flat=True)[:SESSION_BATCH])
    UserSession.objects.filter(pk__in=orphans).delete()
    Session.objects.filter(pk__in=expired).delete()
    AccessAttempt.objects.filter(attempt_time__lt=now - settings.AXES_COOLOFF_TIME).delete()
    return len(orphans) + len(expired)


def checkpoint_wal(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: truncate SQLite's WAL, so that it keeps no erased data. Return 0.

    SQLite itself checkpoints only after a thousand pages and never shortens the file. A checkpoint makes writers wait
    while a reader is active (https://sqlite.org/pragma.html#pragma_wal_checkpoint): give up after 50 ms and leave the
    rest to the next run. Idempotent.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:  # impossible inside a transaction
        with connection.cursor() as cursor:
            busy_timeout = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
            cursor.execute("PRAGMA busy_timeout = 50")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {busy_timeout}")
    return 0
