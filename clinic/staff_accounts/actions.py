"""Accounts of staff, kept by the Head: add, give roles, offboard with a hand-over, reset a second step."""

import datetime as dt
import secrets
from collections.abc import Iterable
from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, User
from django.core.cache import caches
from django.db import transaction

from clinic.staff_auth.signals import MFA_TYPES
from signups.audit.actions import LeadEvent, record_event, record_events
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.audit.staff_users import display_name
from signups.callbacks.actions import reassign_callback
from signups.callbacks.models import CallbackRequest
from signups.calls.actions import reassign_call
from signups.calls.choices import ForceReason
from signups.calls.models import OnboardingCall, OnboardingCallQuerySet
from signups.followups.models import FollowUp
from signups.hosts.models import Host
from signups.leads.choices import OPEN_STATUSES, LeadStatus
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.scheduling.slots import BookingError

RESET_LIFETIME = dt.timedelta(hours=24)  # in which the second person confirms
HANDED_OVER = (*OPEN_STATUSES, LeadStatus.CONVERTED)


@transaction.atomic
def add_staff(
    *, username: str, first_name: str, last_name: str, email: str, roles: Iterable[str], by: User, now: dt.datetime
) -> tuple[User, str]:
    """Create an account that may sign in to the desk; return it with its first password, which is stored nowhere."""
    password = secrets.token_urlsafe(12)
    names = {"first_name": first_name, "last_name": last_name}
    user = User.objects.create_user(username, email, password, is_staff=True, **names)
    user.groups.set(Group.objects.filter(name__in=roles))
    _record(AuditAction.ADDED, user, by=by, now=now, roles=sorted(roles))
    return user, password


@transaction.atomic
def change_roles(user: User, *, roles: Iterable[str], by: User, now: dt.datetime) -> None:
    """Give `user` exactly these roles. Raises ActionError for oneself and for administrators."""
    user = _lock(user, by)
    before = set(user.groups.values_list("name", flat=True))
    if before != set(roles):
        user.groups.set(Group.objects.filter(name__in=roles))
        _record(AuditAction.ROLES_CHANGED, user, by=by, now=now, roles=sorted(roles))


@transaction.atomic
def renew_password(user: User, *, by: User, now: dt.datetime) -> str:
    """Give an account, also an offboarded one, a new first password, and end its sessions. Raises ActionError."""
    user, password = _lock(user, by), secrets.token_urlsafe(12)
    user.set_password(password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    _end_sessions(user)
    _record(AuditAction.PASSWORD_RENEWED, user, by=by, now=now)
    return password


@transaction.atomic
def offboard(user: User, *, to: User | None, host: Host | None, by: User, now: dt.datetime) -> None:
    """End the account of `user` and hand over all they have, or nothing of it.

    Leads, follow-ups and claimed callbacks go to `to`; without `to`, leads and callbacks to nobody and follow-ups to
    `by`. Upcoming calls go to `host`, at the times promised. Raises ActionError, also when `host` has a call at one of
    those times.
    """
    user = _lock(user, by)
    leads = _hand_over_leads(user, to, by=by, now=now)
    follow_ups = _hand_over_follow_ups(user, to or by, by=by, now=now)
    callbacks = _hand_over_callbacks(user, to, by=by, now=now)
    calls = _hand_over_calls(user, host, by=by, now=now)
    Host.objects.filter(user=user).update(active=False)
    user.is_active = False
    user.save(update_fields=["is_active"])
    _end_sessions(user)
    counts = {"leads": leads, "follow_ups": follow_ups, "callbacks": callbacks, "calls": calls}
    _record(AuditAction.OFFBOARDED, user, by=by, now=now, **counts)
    caches["memory"].delete("signups.owners")


def _hand_over_leads(user: User, to: User | None, *, by: User, now: dt.datetime) -> int:
    owned = Lead.objects.filter(owner=user, status__in=HANDED_OVER).select_for_update()
    keys = list(owned.order_by("pk").values_list("pk", flat=True))
    Lead.objects.filter(pk__in=keys).update(owner=to, kept_unassigned=False)
    _record_each(keys, AuditAction.ASSIGNED, {"owner": to and to.pk}, by=by, now=now)
    return len(keys)


def _hand_over_follow_ups(user: User, to: User, *, by: User, now: dt.datetime) -> int:
    found = list(FollowUp.objects.open().owned_by(user).values_list("pk", "lead"))
    FollowUp.objects.filter(pk__in=[pk for pk, _ in found]).update(owner=to)
    _record_each([lead for _, lead in found], AuditAction.FOLLOW_UP_CHANGED, {"owner": to.pk}, by=by, now=now)
    return len(found)


def _hand_over_callbacks(user: User, to: User | None, *, by: User, now: dt.datetime) -> int:
    found = list(CallbackRequest.objects.open().claimed_by(user).select_related("lead"))
    for request in found:
        if to:
            reassign_callback(request, to=to, by=by, now=now)
    if not to:
        CallbackRequest.objects.filter(pk__in=[each.pk for each in found]).update(claimed_by=None, claimed_at=None)
        _record_each([each.lead_id for each in found], AuditAction.CALLBACK_RELEASED, {}, by=by, now=now)
    return len(found)


def _hand_over_calls(user: User, host: Host | None, *, by: User, now: dt.datetime) -> int:
    calls = list(upcoming_calls(user, now).select_related("lead"))
    if calls and host is None:
        raise ActionError(f"Choose who takes their {len(calls)} upcoming call{'s' * (len(calls) != 1)}.")
    refused = []
    for call in calls:
        assert host is not None  # noqa: S101 - for the type checker
        try:
            with transaction.atomic():
                reassign_call(call=call, host=host, by=by, now=now, forced=ForceReason.COVER)
        except BookingError as why:
            refused.append(f"{call.lead}: {why}")
    if refused:
        raise ActionError(f"Not everything can be handed over, so nothing was changed. {' '.join(refused)}")
    return len(calls)


def upcoming_calls(user: User, now: dt.datetime) -> OnboardingCallQuerySet:
    """Return the booked calls ahead that `user` hosts."""
    return OnboardingCall.objects.booked().filter(host__user=user, starts_at__gt=now).order_by("starts_at")


@transaction.atomic
def ask_for_reset(user: User, *, by: User, now: dt.datetime) -> None:
    """Ask that the second step of `user` be reset; somebody else confirms it. Idempotent. Raises ActionError."""
    user = _lock(user, by)
    if not Authenticator.objects.filter(user=user, type__in=MFA_TYPES).exists():
        raise ActionError("They have no second step: they set one up when they next sign in.")
    if pending_reset(user, now) is None:
        _record(AuditAction.RESET_ASKED, user, by=by, now=now)


def pending_reset(user: User, now: dt.datetime) -> AuditEvent | None:
    """Return the request to reset the second step of `user` that waits for confirmation, or None."""
    return next((event for event, about in pending_resets(now) if about == user), None)


def pending_resets(now: dt.datetime) -> list[tuple[AuditEvent, User]]:
    """Return the requests of the last RESET_LIFETIME that nobody has confirmed, each with the account."""
    kinds = (AuditAction.RESET_ASKED, AuditAction.RESET_CONFIRMED, AuditAction.OFFBOARDED)
    events = AuditEvent.objects.filter(action__in=kinds, occurred_at__gt=now - RESET_LIFETIME).select_related("actor")
    latest = {event.target: event for event in events.order_by("pk")}
    asked = {
        int(target.partition(":")[2]): event
        for target, event in latest.items()
        if event.action == AuditAction.RESET_ASKED
    }
    users = User.objects.in_bulk(asked) if asked else {}
    return [(event, users[pk]) for pk, event in asked.items() if pk in users]


@transaction.atomic
def confirm_reset(user: User, *, by: User, now: dt.datetime) -> None:
    """Remove the second steps of `user`, as another person asked, and end their sessions.

    They set up a new one when they next sign in. Raises ActionError.
    """
    stored = _lock(user, by)
    asked = pending_reset(stored, now)
    if asked is None:
        raise ActionError("Nobody asked for this within the last 24 hours.")
    if asked.actor_id == by.pk:
        raise ActionError("You asked for this: somebody else has to confirm it.")
    with context.request_context(None):  # (else the log would say that they removed it themselves)
        for authenticator in Authenticator.objects.filter(user=stored):
            authenticator.delete()
    _end_sessions(stored)
    _record(AuditAction.RESET_CONFIRMED, stored, by=by, now=now, asked_by=asked.actor_id)


def _lock(user: User, by: User) -> User:
    """Return the current row of `user`, locked until the commit. Raises ActionError."""
    stored = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if stored == by:
        raise ActionError("Ask somebody else to change your own account.")
    if stored.is_superuser:
        raise ActionError(f"{display_name(stored)} is an administrator: another administrator changes that account.")
    return stored


def _end_sessions(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()


def _record(action: AuditAction, user: User, *, by: User, now: dt.datetime, **detail: Any) -> None:
    record_event(None, action, by=by, now=now, target=f"user:{user.pk}", **detail)


def _record_each(
    leads: list[int], action: AuditAction, detail: dict[str, object], *, by: User, now: dt.datetime
) -> None:
    if leads:
        record_events([LeadEvent(lead, action, detail) for lead in leads], by=by, now=now)
