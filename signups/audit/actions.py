"""The one way to add to the timeline."""

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
    """Adds what `by` did to `lead`, or to `target` (`host:5`) when it is about no lead; call it in the deed's own
    transaction. Raises IntegrityError when `idempotency_key` was already used: the same form, sent again."""
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
