"""Sign-in URLs: the allauth views that staff need."""

# allauth ships no type annotations.
# mypy: allow-subclassing-any

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse_lazy
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from signups.ops import rate_limit
from signups.web.decorators import rate_limited
from signups.web.responses import redirect_after_post

from .adapters import ONE_HOUR
from .signals import record_session_end

MAX_CHALLENGES = 60  # an hour, from one address; its network: ten times as many


class SessionListView(ListUserSessionsView):
    """List of the account's sessions; a POST ends all but the current one."""

    def form_valid(self, form: Any) -> HttpResponse:
        record_session_end(self.request)
        response: HttpResponse = super().form_valid(form)
        return response


class SecurityView(mfa.IndexView):
    """Second steps of the account."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "required": settings.STAFF_MFA_REQUIRED}


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one session of this account."""
    get_object_or_404(UserSession, pk=pk, user=request.user).end()
    record_session_end(request)
    return redirect_after_post("usersessions_list")


def bounded(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Count requests for a passkey's challenge, each of which leaves a session for some minutes."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        now, client = timezone.now(), rate_limit.client_key(request)
        rate_limit.hit("passkey", client, limit=MAX_CHALLENGES, per=ONE_HOUR, now=now)
        network = rate_limit.network_key(request)
        rate_limit.hit("passkey", f"network {network}", limit=10 * MAX_CHALLENGES, per=ONE_HOUR, now=now)
        return view(request, *args, **kwargs)

    return wrapper


remove_webauthn = webauthn.RemoveWebAuthnView.as_view(success_url=reverse_lazy("mfa_index"))
paths = [
    ("login/", rate_limited(account.login), "account_login"),
    ("login/code/", rate_limited(mfa.authenticate), "mfa_authenticate"),
    ("login/passkey/", rate_limited(bounded(webauthn.login_webauthn)), "mfa_login_webauthn"),
    ("password_change/", rate_limited(account.password_change), "account_change_password"),
    ("security/", SecurityView.as_view(), "mfa_index"),
    ("security/again/", rate_limited(account.reauthenticate), "account_reauthenticate"),
    ("security/again/code/", rate_limited(mfa.reauthenticate), "mfa_reauthenticate"),
    ("security/again/passkey/", webauthn.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
    ("security/app/", totp.activate_totp, "mfa_activate_totp"),
    ("security/app/off/", totp.deactivate_totp, "mfa_deactivate_totp"),
    ("security/passkeys/add/", webauthn.add_webauthn, "mfa_add_webauthn"),
    ("security/passkeys/<int:pk>/remove/", remove_webauthn, "mfa_remove_webauthn"),
    ("security/codes/", recovery_codes.view_recovery_codes, "mfa_view_recovery_codes"),
    ("security/codes/new/", recovery_codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    ("security/sessions/", SessionListView.as_view(), "usersessions_list"),
    ("security/sessions/<int:pk>/end/", end_session, "usersessions_end"),
]
urlpatterns = [path(route, never_cache(view), name=name) for route, view, name in paths]
