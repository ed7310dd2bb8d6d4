"""django-axes integration: stored failures and lockout times."""

# django-axes ships no type annotations.
# mypy: allow-subclassing-any

import unicodedata
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
    """Store one row per account and address, without credentials or user agent."""

    def user_login_failed(self, sender: Any, credentials: Credentials, request: Any = None, **kwargs: Any) -> None:
        request.axes_user_agent = request.axes_http_accept = ""
        super().user_login_failed(sender, credentials, request, **kwargs)


def clear_request_data(instance: AccessAttempt, **kwargs: Any) -> None:
    """Receiver of `pre_save`: drop the posted fields.

    axes masks only password fields that it knows by name.
    """
    instance.get_data = instance.post_data = ""


def client_ip(request: HttpRequest) -> str:
    """Return the client address as seen by the outermost trusted proxy.

    For IPv6 its /64 prefix.
    """
    address = rate_limit.client_key(request).partition("/")[0]
    return "0.0.0.0" if address == "unknown" else address  # noqa: S104 - stored, not bound


def fold_username(typed: str) -> str:
    """Return one spelling for all that the database may take for the same account: ı and I, ſ and s, full width."""
    return unicodedata.normalize("NFKC", typed).strip().upper().casefold()


def username_key(request: HttpRequest, credentials: Credentials | None) -> str:
    """Return a keyed hash of the typed user name.

    Users type passwords into that field too.
    """
    username = fold_username((credentials or {}).get("username", ""))
    return salted_hmac("clinic.staff_auth.lockout", username, algorithm="sha256").hexdigest()


def is_allowed(request: HttpRequest, credentials: Credentials) -> bool:
    """Return whether axes lets this account be tried from this address."""
    allowed: bool = AxesProxyHandler.is_allowed(request, credentials)
    return allowed


def seconds_left(request: Any, credentials: Credentials) -> int:
    """Return the seconds until a locked-out attempt may be repeated.

    0 if the password was checked.
    """
    if not request.axes_locked_out or request.axes_failures_since_start is not None:
        return 0
    attempts = AccessAttempt.objects.filter(username=username_key(request, credentials), ip_address=client_ip(request))
    last_attempt = attempts.values_list("attempt_time", flat=True).get()
    return int((last_attempt + settings.AXES_COOLOFF_TIME - request.axes_attempt_time).total_seconds()) + 1


def reset(request: HttpRequest, credentials: Credentials) -> None:
    """Delete the failed attempts of this account from this address."""
    AxesProxyHandler.reset_attempts(username=username_key(request, credentials), ip_address=client_ip(request))


@contextmanager
def one_attempt_at_a_time(username: str) -> Iterator[None]:
    """Serialize sign-in attempts for one name, within a transaction.

    axes checks before it counts, so concurrent guesses would all pass.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":  # SQLite serializes write transactions anyway
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [username])
        yield
