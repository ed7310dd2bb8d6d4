"""Receivers that record in the audit trail who signed in and out, was locked out, or changed a second step."""

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

from .lockout import clear_request_data

MFA_TYPES = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def _audit_target(username: str) -> str:
    """What was typed as a name can be a password: only that of an account is noted, by its number."""
    user = User.objects.filter(username__iexact=username).first()
    return f"user:{user.pk}" if user else "user:unknown"


def _record(verb: AuditAction, user: User, **detail: Any) -> None:
    record_event(None, verb, by=user, now=timezone.now(), target=f"user:{user.pk}", **detail)


def start_session(request: HttpRequest, **kwargs: Any) -> None:
    request.session["signed_in_at"] = request.session["seen_at"] = timezone.now().isoformat()


def record_sign_in(user: User, **kwargs: Any) -> None:
    _record(AuditAction.SIGNED_IN, user)


def record_sign_out(user: User | None, **kwargs: Any) -> None:
    if user:
        _record(AuditAction.SIGNED_OUT, user)


def record_session_end(request: HttpRequest) -> None:
    if isinstance(request.user, User):
        _record(AuditAction.SESSION_ENDED, request.user)


def record_lockout(username: str) -> None:
    now, target = timezone.now(), _audit_target(username)
    record_event(None, AuditAction.LOCKED_OUT, by=ActorKind.SYSTEM, now=now, target=target)


def locked_out(request: Any, **kwargs: Any) -> None:
    """Axes sends this for the failure that locks and for every attempt refused afterwards, which it does not count."""
    if request.axes_failures_since_start is not None:
        record_lockout(request.axes_credentials["username"])


def mfa_added(instance: Authenticator, created: bool, **kwargs: Any) -> None:
    """The session that adds a step has passed it; the account's others have not, and end."""
    if created:
        _record(AuditAction.SECOND_STEP_ADDED, instance.user, kind=instance.type)
    if created and instance.type in MFA_TYPES and context.request:
        record_authentication(context.request, instance.user, "mfa", id=instance.pk, type=instance.type)
        others = UserSession.objects.filter(user=instance.user).exclude(session_key=context.request.session.session_key)
        for session in others:
            session.end()


def mfa_removed(instance: Authenticator, **kwargs: Any) -> None:
    """By the account itself, or by whoever has a shell on the server (`manage.py reset_mfa`)."""
    by = instance.user if context.request else ActorKind.SYSTEM
    subject = f"user:{instance.user_id}"
    record_event(None, AuditAction.SECOND_STEP_REMOVED, by=by, now=timezone.now(), target=subject, kind=instance.type)


def register_signals() -> None:
    """Called once the apps are there."""
    signals.user_logged_in.connect(start_session)
    user_logged_in.connect(record_sign_in)
    signals.user_logged_out.connect(record_sign_out)
    user_locked_out.connect(locked_out)
    pre_save.connect(clear_request_data, sender=AccessAttempt)
    # allauth's own signals come after the commit; these are in the transaction.
    post_save.connect(mfa_added, sender=Authenticator)
    pre_delete.connect(mfa_removed, sender=Authenticator)
