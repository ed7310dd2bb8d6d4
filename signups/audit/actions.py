"""The single entry point for writing audit events."""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User

from .choices import ActorKind, AuditAction
from .models import AuditEvent

if TYPE_CHECKING:
    from signups.leads.models import Lead

Actor = ActorKind | User  # the patient or the system by kind, staff by name


def record_event(
    lead: "Lead | None",
    action: AuditAction,
    *,
    by: Actor,
    now: dt.datetime,
    target: str = "",
    idempotency_key: uuid.UUID | None = None,
    **detail: Any,
) -> AuditEvent:
    """Create the audit event: actor `by` performed `action` on `lead` or on `target`.

    `target` (`host:5`) is used when the event concerns no lead. Call it in the transaction of the action itself. Raises
    IntegrityError when `idempotency_key` was already used: the same form, submitted twice.
    """
    kind, actor = (by, None) if isinstance(by, ActorKind) else (ActorKind.STAFF, by)
    return AuditEvent.objects.create(
        lead=lead,
        target=target,
        action=action,
        actor_kind=kind,
        actor=actor,
        occurred_at=now,
        idempotency_key=idempotency_key,
        detail=detail,
    )
