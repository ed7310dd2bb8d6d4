"""django-axes for our staff: what it stores of a wrong password, and how long somebody has to wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from signups.ops import rate_limit

Credentials = dict[str, Any]


class LockoutHandler(AxesDatabaseHandler):
    """Stores neither what was typed nor which browser typed it: one row for an account and an address."""

    def user_login_failed(self, sender: Any, credentials: Credentials, request: Any = None, **kwargs: Any) -> None:
        request.axes_user_agent = request.axes_http_accept = ""
        super().user_login_failed(sender, credentials, request, **kwargs)


def clear_request_data(instance: AccessAttempt, **kwargs: Any) -> None:
    """Signal receiver: axes would keep the posted fields, with the passwords whose names it does not know."""
    instance.get_data = instance.post_data = ""


def client_ip(request: HttpRequest) -> str:
    """Return the address that our outermost trusted proxy saw; of IPv6 its /64."""
    address = rate_limit.client_key(request).partition("/")[0]
    return "0.0.0.0" if address == "unknown" else address  # noqa: S104 - noted, not bound


def username_key(request: HttpRequest, credentials: Credentials | None) -> str:
    """Return a keyed hash of the typed name, which can be a password."""
    username = (credentials or {}).get("username", "").lower()
    return salted_hmac("clinic.staff_auth.lockout", username, algorithm="sha256").hexdigest()


def is_allowed(request: HttpRequest, credentials: Credentials) -> bool:
    allowed: bool = AxesProxyHandler.is_allowed(request, credentials)
    return allowed


def seconds_left(request: Any, credentials: Credentials) -> int:
    """Return for how long this attempt, when it was refused untried, is to wait; 0 when the password was tried."""
    if not request.axes_locked_out or request.axes_failures_since_start is not None:
        return 0
    attempts = AccessAttempt.objects.filter(username=username_key(request, credentials), ip_address=client_ip(request))
    last = attempts.values_list("attempt_time", flat=True).get()
    return int((last + settings.AXES_COOLOFF_TIME - request.axes_attempt_time).total_seconds()) + 1


def reset(request: HttpRequest, credentials: Credentials) -> None:
    AxesProxyHandler.reset_attempts(username=username_key(request, credentials), ip_address=client_ip(request))


@contextmanager
def one_attempt_at_a_time(username: str) -> Iterator[None]:
    """Lock this name until the transaction ends: axes looks before it counts, and guesses sent at once would pass."""
    with transaction.atomic():
        if connection.vendor == "postgresql":  # (SQLite's transactions wait for each other anyway)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [username])
        yield
