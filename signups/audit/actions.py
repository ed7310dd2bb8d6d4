"""The single entry point for writing audit events."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User

from clinic.lib import bulk_sql

from . import signing
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


@dataclass(frozen=True, slots=True)
class LeadEvent:
    """One of many events that `record_events` writes."""

    lead_id: int
    action: AuditAction
    detail: dict[str, Any]
    idempotency_key: uuid.UUID | None = None


def record_events(events: Sequence[LeadEvent], *, by: User, now: dt.datetime) -> None:
    """Create the audit events of many leads at once, as `record_event` does for one."""
    rows = []
    for event in events:
        row: dict[str, Any] = {
            "lead_id": event.lead_id,
            "target": "",
            "occurred_at": now,
            "actor_kind": ActorKind.STAFF.value,
            "actor_id": by.pk,
            "action": event.action.value,
            "detail": event.detail,
            "idempotency_key": event.idempotency_key,
        }
        signature = signing.sign(signing.canonical_bytes(*(row[name] for name in signing.SIGNED_FIELDS)))
        rows.append(row | {"signature": signature})
    bulk_sql.insert_rows(AuditEvent, rows)
