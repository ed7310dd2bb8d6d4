"""Sessions of the desk that are over: a row that nobody needs is a row that can be stolen."""

import datetime as dt
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef

BATCH = 500


def sweep(clock: Callable[[], dt.datetime]) -> int:
    """For the worker: deletes up to BATCH of them, and what was noted of where they were opened; how many these were.

    Where a session was opened is noted apart from it; a day's grace, as the two are not written at one moment.
    """
    noted = UserSession.objects.filter(~Exists(Session.objects.filter(session_key=OuterRef("session_key"))))
    orphans = [session.pk for session in noted.filter(last_seen_at__lt=clock() - dt.timedelta(days=1))[:BATCH]]
    over = list(Session.objects.filter(expire_date__lt=clock()).values_list("pk", flat=True)[:BATCH])
    UserSession.objects.filter(pk__in=orphans).delete()
    Session.objects.filter(pk__in=over).delete()
    return len(orphans) + len(over)
