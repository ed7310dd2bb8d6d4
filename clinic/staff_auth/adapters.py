"""allauth adapters: staff only, limited guessing, encrypted MFA secrets."""

# allauth ships no type annotations.
# mypy: allow-subclassing-any

import datetime as dt
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
from .signals import MFA_TYPES, record_lockout

MAX_ACCOUNT_ATTEMPTS = 50  # wrong passwords for one account in an hour, from all addresses together
REAUTHENTICATION_AGE = dt.timedelta(minutes=10)  # after sign-in, sensitive pages do not ask for the password again


class AccountAdapter(DefaultAccountAdapter):
    """Admit staff only, without self-registration; limit password guessing."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the staff user, or None. Raises RateLimitExceeded.

        Success resets the attempt counters.
        """
        username, now = credentials.get("username", "").lower(), timezone.now()
        if lockout.is_allowed(request, credentials):  # an address that is locked out must not lock the account
            try:
                rate_limit.hit("passwords", username, limit=MAX_ACCOUNT_ATTEMPTS, per=dt.timedelta(hours=1), now=now)
            except rate_limit.RateLimitExceeded as error:
                if error.first:
                    record_lockout(username)
                raise
        with lockout.one_attempt_at_a_time(username):
            user = super().authenticate(request, **credentials)
            if isinstance(user, User) and not user.is_staff:
                user_login_failed.send(__name__, credentials={"username": username}, request=request)
                user = None
            if wait := lockout.seconds_left(request, credentials):
                raise rate_limit.RateLimitExceeded(wait)
            if isinstance(user, User):
                lockout.reset(request, credentials)
                rate_limit.reset("passwords", username)
                return user
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
