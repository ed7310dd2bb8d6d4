"""allauth forms with rate limits on codes and passwords."""

# allauth ships no type annotations.
# mypy: allow-subclassing-any

import datetime as dt

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from django.core.exceptions import ValidationError
from django.utils import timezone

from signups.ops import rate_limit

from .signals import record_failed_code

MAX_ATTEMPTS, WINDOW = 5, dt.timedelta(minutes=15)  # wrong codes for one account


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
