"""allauth's forms, with a limit on codes and one count of wrong passwords wherever they are typed."""

import datetime as dt

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from django.utils import timezone

from signups.ops import rate_limit

MAX_ATTEMPTS, WINDOW = 5, dt.timedelta(minutes=15)  # wrong codes of one account


class RateLimitedCodeMixin(BaseAuthenticateForm):
    """A code of six digits is guessed in a million tries: there are few."""

    def clean_code(self) -> str:
        rate_limit.hit("code", str(self.user.pk), limit=MAX_ATTEMPTS, per=WINDOW, now=timezone.now())
        code: str = super().clean_code()
        rate_limit.reset("code", str(self.user.pk))
        return code


class CodeForm(RateLimitedCodeMixin, AuthenticateForm):
    pass


class ReauthenticateCodeForm(RateLimitedCodeMixin, ReauthenticateForm):
    pass


class NewPasswordForm(ChangePasswordForm):
    """The old password is asked for as at sign-in, and counted with those."""

    def clean_oldpassword(self) -> str:
        old: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, old):
            raise get_adapter().validation_error("enter_current_password")
        return old
