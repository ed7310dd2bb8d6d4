"""Alerts: what staff should look at about a booked call, without anything being changed."""

import datetime as dt

from django.contrib.auth.models import User
from django.db import transaction

from signups.audit.actions import record_event
from signups.audit.choices import AuditAction

from .choices import AlertKind
from .models import CallAlert, CallAlertQuerySet, OnboardingCall


def raise_alert(
    call: OnboardingCall, kind: AlertKind, *, now: dt.datetime, proposed_start: dt.datetime | None = None
) -> CallAlert:
    """Open an alert about the call as it is now; one of each kind per version of the call, with the latest proposal."""
    alert, _ = CallAlert.objects.update_or_create(
        call=call,
        sequence=call.sequence,
        kind=kind,
        settled_at=None,
        defaults={"proposed_start": proposed_start},
        create_defaults={"proposed_start": proposed_start, "created_at": now},
    )
    return alert


def keep_wrong_number_alert(call: OnboardingCall) -> None:
    """Let the alert that the number is somebody else's hold for a new version of the call: only a number settles it."""
    call.alerts.filter(kind=AlertKind.WRONG_NUMBER, settled_at=None).update(sequence=call.sequence)


def open_alerts_of(user: User, now: dt.datetime) -> CallAlertQuerySet:
    """Return the open alerts that `user` should settle: of their own calls, or of all for who may reassign calls."""
    alerts = CallAlert.objects.open(now)
    return alerts if user.has_perm("signups.reassign_onboardingcall") else alerts.filter(call__host__user=user)


@transaction.atomic
def settle_alert(alert: CallAlert, *, by: User, now: dt.datetime) -> None:
    """Mark the alert as dealt with. Idempotent."""
    if CallAlert.objects.filter(pk=alert.pk, settled_at=None).update(settled_at=now):
        record_event(alert.call.lead, AuditAction.CALL_ALERT_SETTLED, by=by, now=now, kind=alert.kind)
