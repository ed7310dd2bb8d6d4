"""How staff sign in: password, second step, sessions. allauth does the work; what it must know of us is here."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.forms import ChangePasswordForm
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.signals import user_logged_in
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout, signals
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db.models.signals import post_save, pre_delete
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from content.models import ClinicProfile
from signups import encryption, throttle
from signups.actions import events
from signups.states import ActorKind, Verb

STEPS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
TRIES, WINDOW = 5, dt.timedelta(minutes=15)  # wrong passwords for one account from one address; wrong codes
ALL_TRIES = 50  # wrong passwords for one account in an hour, wherever they come from
RECENT = dt.timedelta(minutes=10)  # after signing in, the password need not be typed again for what is delicate
NOTED = dt.timedelta(minutes=1)  # how often a session notes that it is used
# What somebody who has no second step yet may open: where it is set up, and the way out.
SETTING_UP = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    "account_login",
    "logout",
    "jsi18n",
}


class AccountAdapter(DefaultAccountAdapter):
    """Staff only, nobody signs themselves up, and guessing is counted exactly (`signups/throttle.py`)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Raises TooMany when there were too many wrong passwords. A right one forgets those before it."""
        username = credentials.get("username", "").lower()
        here, now = f"{username} {throttle.client(request)}", timezone.now()
        try:
            throttle.check("password", here, limit=TRIES, per=WINDOW, now=now)
            throttle.check("passwords", username, limit=ALL_TRIES, per=dt.timedelta(hours=1), now=now)
        except throttle.TooMany as error:
            if error.first:
                events.record(None, Verb.LOCKED_OUT, by=ActorKind.SYSTEM, now=now, subject=_named(username))
            raise
        user = super().authenticate(request, **credentials)
        if not isinstance(user, User) or not user.is_staff:
            return None
        throttle.forget("password", here)
        throttle.forget("passwords", username)
        return user

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        return redirect("account_login")

    def get_client_ip(self, request: HttpRequest) -> str:
        address = throttle.client(request).partition("/")[0]
        return "0.0.0.0" if address == "unknown" else address  # noqa: S104 - noted, not bound

    def add_message(self, request: HttpRequest, level: int, template: str | None = None, *rest: Any, **kw: Any) -> None:
        if not (template or "").startswith("account/messages/logged_"):  # the page itself says it
            super().add_message(request, level, template, *rest, **kw)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        signed_in = context.request.session.get("signed_in_at", "")
        return not signed_in or timezone.now() - dt.datetime.fromisoformat(signed_in) > RECENT


class MFAAdapter(DefaultMFAAdapter):
    """Secrets are ciphertext in the database; the last second step stays where one is required."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)

    def get_totp_issuer(self) -> str:
        profile = ClinicProfile.objects.first()
        return f"{profile.name if profile else 'Clinic'} care desk"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = Authenticator.objects.filter(user=authenticator.user, type__in=STEPS).exclude(pk=authenticator.pk)
        return settings.STAFF_MFA != "required" or others.exists()


class Counted(BaseAuthenticateForm):
    """A code of six digits is guessed in a million tries: there are few."""

    def clean_code(self) -> str:
        throttle.check("code", str(self.user.pk), limit=TRIES, per=WINDOW, now=timezone.now())
        code: str = super().clean_code()
        throttle.forget("code", str(self.user.pk))
        return code


class CodeForm(Counted, AuthenticateForm):
    pass


class CodeAgainForm(Counted, ReauthenticateForm):
    pass


class NewPasswordForm(ChangePasswordForm):
    """The old password is asked for as at sign-in, and counted with those."""

    def clean_oldpassword(self) -> str:
        old: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, old):
            raise get_adapter().validation_error("enter_current_password")
        return old


def staff_session(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware of the desk: who is no staff (any more), idle or past an untaken second step is signed out.

    Who has no second step sets one up.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(reverse("admin:index")) or not request.user.is_authenticated:
            return get_response(request)
        if not request.user.is_staff or _idle(request) or _skips_step(request):
            logout(request)
            if request.path_info == reverse("account_login"):
                return get_response(request)
            return redirect_to_login(request.get_full_path() if request.method == "GET" else reverse("admin:index"))
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        if settings.STAFF_MFA != "required" or not match or not request.path_info.startswith(reverse("admin:index")):
            return None
        user = request.user
        if not user.is_authenticated or match.url_name in SETTING_UP or is_mfa_enabled(user, STEPS):
            return None
        return redirect("mfa_index")

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _skips_step(request: HttpRequest) -> bool:
    """Whether the account has a second step that this session neither passed nor set up itself."""
    passed = any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))
    return settings.STAFF_MFA == "required" and not passed and is_mfa_enabled(request.user, STEPS)


def _idle(request: HttpRequest) -> bool:
    """Whether this session was left alone for too long; notes, now and then, that it was not."""
    now = timezone.now()
    seen = request.session.get("seen_at", "")
    since = now - dt.datetime.fromisoformat(seen) if seen else NOTED
    if since > dt.timedelta(minutes=settings.STAFF_IDLE_MINUTES):
        return True
    if since >= NOTED:
        request.session["seen_at"] = now.isoformat()
    return False


def _named(username: str) -> str:
    """What was typed as a name can be a password: only that of an account is noted, by its number."""
    user = User.objects.filter(username__iexact=username).first()
    return f"user:{user.pk}" if user else "user:unknown"


def _record(verb: Verb, user: User, **detail: Any) -> None:
    events.record(None, verb, by=user, now=timezone.now(), subject=f"user:{user.pk}", **detail)


def session_begins(request: HttpRequest, **kwargs: Any) -> None:
    request.session["signed_in_at"] = request.session["seen_at"] = timezone.now().isoformat()


def signed_in(user: User, **kwargs: Any) -> None:
    _record(Verb.SIGNED_IN, user)


def signed_out(user: User | None, **kwargs: Any) -> None:
    if user:
        _record(Verb.SIGNED_OUT, user)


def sessions_ended(request: HttpRequest) -> None:
    if isinstance(request.user, User):
        _record(Verb.SESSION_ENDED, request.user)


def step_added(instance: Authenticator, created: bool, **kwargs: Any) -> None:
    """The session that adds a step has passed it; the account's others have not, and end."""
    if created:
        _record(Verb.SECOND_STEP_ADDED, instance.user, kind=instance.type)
    if created and instance.type in STEPS and context.request:
        record_authentication(context.request, instance.user, "mfa", id=instance.pk, type=instance.type)
        others = UserSession.objects.filter(user=instance.user).exclude(session_key=context.request.session.session_key)
        for session in others:
            session.end()


def step_removed(instance: Authenticator, **kwargs: Any) -> None:
    """By the account itself, or by whoever has a shell on the server (`manage.py reset_mfa`)."""
    by = instance.user if context.request else ActorKind.SYSTEM
    subject = f"user:{instance.user_id}"
    events.record(None, Verb.SECOND_STEP_REMOVED, by=by, now=timezone.now(), subject=subject, kind=instance.type)


def connect() -> None:
    """Called once the apps are there."""
    signals.user_logged_in.connect(session_begins)
    user_logged_in.connect(signed_in)
    signals.user_logged_out.connect(signed_out)
    # allauth's own signals come after the commit; these are in the transaction.
    post_save.connect(step_added, sender=Authenticator)
    pre_delete.connect(step_removed, sender=Authenticator)
