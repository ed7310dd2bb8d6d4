"""Signal receivers that write staff sign-in events to the audit log."""

import datetime as dt
from contextlib import suppress
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import user_logged_in
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.contrib.auth import signals
from django.contrib.auth.models import User
from django.db.models.signals import post_save, pre_delete, pre_save
from django.http import HttpRequest
from django.utils import timezone

from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.desk.note_rescue import give_words_back
from signups.ops import rate_limit

from .lockout import clear_request_data

MAX_FAILURES_RECORDED = 100  # an hour and account; unknown names are one
MFA_TYPES = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def _audit_target(username: str) -> str:
    """Return the audit target of a typed name: an account's id, never the text.

    A typed name can be a password.
    """
    user = User.objects.filter(username__iexact=username).first()
    return f"user:{user.pk}" if user else "user:unknown"


def _record(action: AuditAction, user: User, **detail: Any) -> None:
    record_event(None, action, by=user, now=timezone.now(), target=f"user:{user.pk}", **detail)


def start_session(request: HttpRequest, **kwargs: Any) -> None:
    request.session.set_expiry(None)  # it was short while nobody was signed in
    request.session["signed_in_at"] = request.session["seen_at"] = timezone.now().isoformat()


def record_sign_in(user: User, **kwargs: Any) -> None:
    _record(AuditAction.SIGNED_IN, user)


def record_sign_out(user: User | None, **kwargs: Any) -> None:
    if user:
        _record(AuditAction.SIGNED_OUT, user)


def record_session_end(request: HttpRequest) -> None:
    if isinstance(request.user, User):
        _record(AuditAction.SESSION_ENDED, request.user)


def record_failed_sign_in(username: str) -> None:
    """Record a wrong password (ASVS 5.0 V16.3.1, 45 CFR 164.308(a)(5)(ii)(C)); MAX_FAILURES_RECORDED an hour."""
    _record_failure(AuditAction.SIGN_IN_FAILED, _audit_target(username))


def record_failed_code(user: User) -> None:
    """Record a wrong code after a right password: the sign that a password is known to somebody else."""
    _record_failure(AuditAction.SECOND_STEP_FAILED, f"user:{user.pk}")


def _record_failure(action: AuditAction, target: str) -> None:
    now = timezone.now()
    with suppress(rate_limit.RateLimitExceeded):  # strangers cannot make the audit log grow without bound
        rate_limit.hit("failures-recorded", target, limit=MAX_FAILURES_RECORDED, per=dt.timedelta(hours=1), now=now)
        record_event(None, action, by=ActorKind.SYSTEM, now=now, target=target)


def record_lockout(username: str) -> None:
    """Record a lockout of this user name, whether or not an account has it."""
    now, target = timezone.now(), _audit_target(username)
    record_event(None, AuditAction.LOCKED_OUT, by=ActorKind.SYSTEM, now=now, target=target)


def locked_out(request: Any, **kwargs: Any) -> None:
    """Record the failure that locks.

    axes also sends this signal, without a count, for later attempts.
    """
    if request.axes_failures_since_start is not None:
        record_lockout(request.axes_credentials["username"])


def mfa_added(instance: Authenticator, created: bool, **kwargs: Any) -> None:
    """Record a new second step and end the account's other sessions.

    This session has passed the step by setting it up.
    """
    if created:
        _record(AuditAction.SECOND_STEP_ADDED, instance.user, kind=instance.type)
    if created and instance.type in MFA_TYPES and context.request:
        record_authentication(context.request, instance.user, "mfa", id=instance.pk, type=instance.type)
        others = UserSession.objects.filter(user=instance.user).exclude(session_key=context.request.session.session_key)
        for session in others:
            session.end()


def mfa_removed(instance: Authenticator, **kwargs: Any) -> None:
    """Record a removed second step.

    Without a request, `manage.py reset_mfa` removed it.
    """
    by = instance.user if context.request else ActorKind.SYSTEM
    target = f"user:{instance.user_id}"
    record_event(None, AuditAction.SECOND_STEP_REMOVED, by=by, now=timezone.now(), target=target, kind=instance.type)


def register_signals() -> None:
    """Connect the receivers; called by `ClinicConfig.ready`."""
    signals.user_logged_in.connect(start_session)
    signals.user_logged_in.connect(give_words_back)
    user_logged_in.connect(record_sign_in)
    signals.user_logged_out.connect(record_sign_out)
    user_locked_out.connect(locked_out)
    pre_save.connect(clear_request_data, sender=AccessAttempt)
    # allauth's own signals are sent after the commit; these run inside the transaction.
    post_save.connect(mfa_added, sender=Authenticator)
    pre_delete.connect(mfa_removed, sender=Authenticator)
