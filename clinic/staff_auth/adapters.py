"""allauth adapters: staff only, limited guessing, encrypted MFA secrets."""

# allauth ships no type annotations.
# mypy: allow-subclassing-any

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from clinic.lib import encryption
from content.models.profile import ClinicProfile
from signups.ops import rate_limit

from . import lockout
from .signals import MFA_TYPES, record_failed_sign_in, record_lockout

MAX_ACCOUNT_ATTEMPTS = 50  # wrong passwords for one account in an hour, from all addresses together
SLOW_ATTEMPTS = 2  # beyond that, an hour from each network: nobody can shut the account for its owner elsewhere
MAX_CLIENT_ATTEMPTS, CLIENT_WINDOW = 20, dt.timedelta(minutes=15)  # from one address, for whatever names
MAX_NETWORK_ATTEMPTS = 200  # an hour from one network (/24, /48)
HASHING_SLOTS = threading.BoundedSemaphore(2)  # passwords hashed at one moment: Argon2 takes 100 MiB for each
HASHING_TIMEOUT = 5  # seconds
ONE_HOUR = dt.timedelta(hours=1)
REAUTHENTICATION_AGE = dt.timedelta(minutes=10)  # after sign-in, sensitive pages do not ask for the password again


class AccountAdapter(DefaultAccountAdapter):
    """Admit staff only, without self-registration; limit password guessing."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the staff user, or None. Raises RateLimitExceeded.

        Success resets the attempt counters.
        """
        username = lockout.fold_username(credentials.get("username", ""))
        _count_client(request)
        if lockout.is_allowed(request, credentials):  # an address that is locked out must not lock the account
            _count_account(request, username)
        with lockout.one_attempt_at_a_time(username), _hashing_slot():
            user = super().authenticate(request, **credentials)
            if isinstance(user, User) and not user.is_staff:
                user_login_failed.send(__name__, credentials={"username": username}, request=request)
                user = None
            wait = lockout.seconds_left(request, credentials)
            if not wait and isinstance(user, User):
                lockout.reset(request, credentials)
                rate_limit.reset("passwords", username)
                rate_limit.reset("sign-in", rate_limit.client_key(request))
                return user
        if wait:
            raise rate_limit.RateLimitExceeded(wait)
        record_failed_sign_in(username)
        return None

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        return redirect("account_login")

    def get_client_ip(self, request: HttpRequest) -> str:
        return lockout.client_ip(request)

    def add_message(self, request: HttpRequest, level: int, template: str | None = None, *rest: Any, **kw: Any) -> None:
        if not (template or "").startswith("account/messages/logged_"):  # the page shows who is signed in
            super().add_message(request, level, template, *rest, **kw)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        signed_in = context.request.session.get("signed_in_at", "")
        return not signed_in or timezone.now() - dt.datetime.fromisoformat(signed_in) > REAUTHENTICATION_AGE


def _count_client(request: HttpRequest) -> None:
    """Count an attempt, for whatever name, before its password is hashed. Raises RateLimitExceeded."""
    now, network = timezone.now(), rate_limit.network_key(request)
    client = rate_limit.Hit("sign-in", rate_limit.client_key(request), MAX_CLIENT_ATTEMPTS, CLIENT_WINDOW)
    rate_limit.hit_in_turn(
        [client, rate_limit.Hit("sign-in-network", network, MAX_NETWORK_ATTEMPTS, ONE_HOUR)], now=now
    )


def _count_account(request: HttpRequest, username: str) -> None:
    """Count an attempt at one account, from wherever. Raises RateLimitExceeded."""
    now = timezone.now()
    try:
        rate_limit.hit("passwords", username, limit=MAX_ACCOUNT_ATTEMPTS, per=ONE_HOUR, now=now)
    except rate_limit.RateLimitExceeded as error:
        if error.first:
            record_lockout(username)
        who = f"{username} from {rate_limit.network_key(request)}"
        rate_limit.hit("passwords-slowly", who, limit=SLOW_ATTEMPTS, per=ONE_HOUR, now=now)


@contextmanager
def _hashing_slot() -> Iterator[None]:
    """Bound the memory that passwords take while they are hashed. Raises RateLimitExceeded."""
    if not HASHING_SLOTS.acquire(timeout=HASHING_TIMEOUT):
        raise rate_limit.RateLimitExceeded(HASHING_TIMEOUT)
    try:
        yield
    finally:
        HASHING_SLOTS.release()


class MFAAdapter(DefaultMFAAdapter):
    """Encrypt MFA secrets; keep the last factor while one is required."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)

    def get_totp_issuer(self) -> str:
        profile = ClinicProfile.objects.first()
        return f"{profile.name if profile else 'Clinic'} care desk"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = Authenticator.objects.filter(user=authenticator.user, type__in=MFA_TYPES).exclude(pk=authenticator.pk)
        return not settings.STAFF_MFA_REQUIRED or others.exists()
