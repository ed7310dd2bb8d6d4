"""Admin sessions: sign out non-staff, idle sessions and those without MFA."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from clinic.desk_pages import page_behind
from signups.desk.note_rescue import UNCLAIMED, UNCLAIMED_FOR, hold_typed_words, keep_typed_words

from .signals import MFA_TYPES

IDLE = "You were signed out after a while without a click. What you pressed last was not done. Sign in to go on."
IDLE_NOTE_KEPT = f"{IDLE} Your note is kept as a draft."
WORDS_KEPT = "You were signed out. What you typed is kept for one hour: sign in, and it is on the person’s page."
ACTIVITY_INTERVAL = dt.timedelta(minutes=1)  # how often a session stores that it is in use
HALF_SIGNED_IN = dt.timedelta(minutes=10)  # how long a session lasts before its second step
# Views open to staff without a second step: setting one up, and signing out.
MFA_ENROLMENT_VIEWS = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    "account_login",
    "logout",
    "jsi18n",
}


class StaffSessionMiddleware:
    """Sign out sessions that may not use the admin.

    Users without a required second step are redirected to its setup.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(reverse("admin:index")):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return self._without_user(request)
        if not request.user.is_staff or _is_over(request) or _mfa_required_but_not_passed(request):
            was_over = request.user.is_staff and request.method == "POST" and _is_over(request)
            kept = was_over and keep_typed_words(request)
            logout(request)
            if request.path_info == reverse("account_login"):
                return self.get_response(request)
            if was_over:
                messages.warning(request, IDLE_NOTE_KEPT if kept else IDLE)
            return redirect_to_login(request.get_full_path() if request.method == "GET" else page_behind(request.path))
        return self.get_response(request)

    def _without_user(self, request: HttpRequest) -> HttpResponse:
        """Answer somebody who is not signed in; a session of theirs is short."""
        if request.method == "POST" and hold_typed_words(request):
            if not request.path.endswith("/draft/"):  # (sent by the page's script, seen by nobody)
                messages.warning(request, WORDS_KEPT)
            response: HttpResponse = redirect_to_login(page_behind(request.path))
        else:
            response = self.get_response(request)
        if request.session.modified and not request.session.is_empty() and not request.user.is_authenticated:
            request.session.set_expiry(UNCLAIMED_FOR if UNCLAIMED in request.session else HALF_SIGNED_IN)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        if not settings.STAFF_MFA_REQUIRED or not match or not request.path_info.startswith(reverse("admin:index")):
            return None
        user = request.user
        if not user.is_authenticated or match.url_name in MFA_ENROLMENT_VIEWS or is_mfa_enabled(user, MFA_TYPES):
            return None
        return redirect("mfa_index")


def _mfa_required_but_not_passed(request: HttpRequest) -> bool:
    """Return whether this session skipped the account's second step."""
    passed = any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))
    return settings.STAFF_MFA_REQUIRED and not passed and bool(is_mfa_enabled(request.user, MFA_TYPES))


def _is_over(request: HttpRequest) -> bool:
    """Return whether the session was idle for too long, or its shift is over however much it is used.

    Otherwise stores its use, once per ACTIVITY_INTERVAL.
    """
    now = timezone.now()
    signed_in_at = request.session.get("signed_in_at", "")
    shift = dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    if not signed_in_at or now - dt.datetime.fromisoformat(signed_in_at) >= shift:
        return True
    seen_at = request.session.get("seen_at", "")
    idle = now - dt.datetime.fromisoformat(seen_at) if seen_at else ACTIVITY_INTERVAL
    if idle > dt.timedelta(minutes=settings.STAFF_SESSION_IDLE_MINUTES):
        return True
    if idle >= ACTIVITY_INTERVAL and request.path_info != reverse("admin:my_day"):  # (a script asks that, nobody)
        request.session["seen_at"] = now.isoformat()
    return False
