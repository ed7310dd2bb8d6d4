"""allauth forms with rate limits on codes and passwords."""

# allauth ships no type annotations.
# mypy: allow-subclassing-any

import datetime as dt
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm, LoginForm
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from django.core.exceptions import ValidationError
from django.utils import timezone

from signups.ops import rate_limit
from signups.web import timed_token

from .adapters import ONE_HOUR
from .signals import record_failed_code

MAX_SIGN_INS = 600  # an hour, from everywhere together: each hashes a password
WHEN_CROWDED = 5  # an hour from one address beyond that; its network: ten times as many
CROWDED_MESSAGE = (
    "Many people are signing in at this moment. Please wait ten seconds, then enter your password and log in again. "
    "A passkey works at once."
)
MAX_ATTEMPTS, WINDOW = 5, dt.timedelta(minutes=15)  # wrong codes for one account


class SignInForm(LoginForm):
    """Sign in with a password; beyond MAX_SIGN_INS of everybody together, only after a delay and with a smaller share.

    Nobody is turned away by what others do: who waits ten seconds gets through.
    """

    data: Any
    stamp = timed_token.CrowdToken(message=CROWDED_MESSAGE)

    def clean(self) -> dict[str, Any]:
        if not self.errors and not self._is_admitted():
            typed: dict[str, Any] = {name: self.data.get(name) for name in self.data}
            self.data = typed | {"stamp": timed_token.new_token(crowded=True)}
            raise ValidationError(CROWDED_MESSAGE)
        data: dict[str, Any] = super().clean()
        return data

    def _is_admitted(self) -> bool:
        """Count this attempt; return whether its password may be checked now. Raises RateLimitExceeded."""
        now = timezone.now()
        try:
            rate_limit.hit("sign-ins", rate_limit.GLOBAL, limit=MAX_SIGN_INS, per=ONE_HOUR, now=now)
        except rate_limit.RateLimitExceeded:
            if not self.cleaned_data["stamp"]:
                return False
            client, network = rate_limit.client_key(self.request), rate_limit.network_key(self.request)
            rate_limit.hit("sign-ins-crowded", client, limit=WHEN_CROWDED, per=ONE_HOUR, now=now)
            rate_limit.hit("sign-ins-crowded", network, limit=10 * WHEN_CROWDED, per=ONE_HOUR, now=now)
        return True


class RateLimitedCodeMixin(BaseAuthenticateForm):
    """Limit wrong codes per account. Raises RateLimitExceeded.

    MAX_ATTEMPTS per WINDOW.
    """

    def clean_code(self) -> str:
        rate_limit.hit("code", str(self.user.pk), limit=MAX_ATTEMPTS, per=WINDOW, now=timezone.now())
        try:
            code: str = super().clean_code()
        except ValidationError:
            record_failed_code(self.user)
            raise
        rate_limit.reset("code", str(self.user.pk))
        return code


class CodeForm(RateLimitedCodeMixin, AuthenticateForm):
    """Second step of sign-in."""


class ReauthenticateCodeForm(RateLimitedCodeMixin, ReauthenticateForm):
    """Second step asked for again before a sensitive change."""


class NewPasswordForm(ChangePasswordForm):
    """Count a wrong old password as a failed sign-in."""

    def clean_oldpassword(self) -> str:
        password: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password
