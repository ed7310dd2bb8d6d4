"""Retention rules: find expired rows and erase, blank or delete them in batches.

The worker runs once a day. Counts of blanked and deleted rows go to the audit log; each erased lead has its own audit
event.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.callbacks.models import CallbackRequest
from signups.calls.models import OnboardingCall
from signups.imports.actions import cancel_import
from signups.imports.models import ImportJob
from signups.leads.merge_models import MERGE_UNDO_WINDOW, LeadMerge
from signups.leads.models import Lead
from signups.messages.choices import MessageStatus
from signups.messages.inbound_models import InboundMessage
from signups.messages.models import OutboxMessage
from signups.trials.models import Trial
from signups.trials.waitlist_models import WaitlistEntry

from . import erasure
from .models import DataExportJob

RETENTION_BATCH = 50  # rows; erasing 50 leads blocks the worker for about half a second


@dataclass(frozen=True)
class RetentionRule:
    """A rule of the retention policy.

    `old` returns the expired rows at a moment; `let_go` processes some of them, so that `old` no longer returns them.
    """

    what: str
    old: Callable[[dt.datetime], QuerySet[Any]]
    let_go: Callable[[QuerySet[Any], dt.datetime], object]


def apply_rule(rule: RetentionRule, now: dt.datetime) -> Iterator[int]:
    """Process the expired rows in batches; yield the number of rows of each batch.

    Resumable after an interruption, and idempotent when run concurrently.
    """
    while batch := list(rule.old(now).order_by("pk").values_list("pk", flat=True)[:RETENTION_BATCH]):
        rule.let_go(rule.old(now).filter(pk__in=batch), now)
        yield len(batch)


def apply_due_rules(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: process one batch of expired rows. Returns their number, else 0."""
    now = clock()
    return next((gone for rule in RULES for gone in apply_rule(rule, now)), 0)


def _old_message_bodies(now: dt.datetime) -> QuerySet[OutboxMessage]:
    before = now - dt.timedelta(days=settings.RETENTION_MESSAGE_BODY_DAYS)
    return OutboxMessage.objects.exclude(status=MessageStatus.PENDING).exclude(to="").filter(created_at__lt=before)


def _old_replies(now: dt.datetime) -> QuerySet[InboundMessage]:
    before = now - dt.timedelta(days=settings.RETENTION_MESSAGE_BODY_DAYS)
    return InboundMessage.objects.exclude(sender="").filter(received_at__lt=before)


def _unconfirmed_leads(now: dt.datetime) -> QuerySet[Lead]:
    """Return leads with an unconfirmed address and no other request or import."""
    before = now - dt.timedelta(days=settings.RETENTION_UNCONFIRMED_DAYS)
    rows = {"lead": OuterRef("pk")}
    reasons_to_keep = (
        Trial.objects.filter(**rows, started_at__isnull=False),
        CallbackRequest.objects.filter(**rows),
        OnboardingCall.objects.filter(**rows),
        WaitlistEntry.objects.waiting().filter(**rows),
        AuditEvent.objects.filter(**rows, action=AuditAction.IMPORTED),  # imported leads need no confirmation
    )
    return Lead.objects.live().filter(*(~Exists(reason) for reason in reasons_to_keep), created_at__lt=before)


def _inactive_leads(now: dt.datetime) -> QuerySet[Lead]:
    """Return leads without an audit event for RETENTION_LEAD_DAYS.

    Six years by default: 45 CFR 164.316(b)(2)(i).
    """
    before = now - dt.timedelta(days=settings.RETENTION_LEAD_DAYS)
    return Lead.objects.live().annotate(last=Max("events__occurred_at")).filter(created_at__lt=before, last__lt=before)


def _expired_merges(now: dt.datetime) -> QuerySet[LeadMerge]:
    return LeadMerge.objects.filter(merged_at__lt=now - MERGE_UNDO_WINDOW, snapshot__isnull=False)


def _drop_expired_imports(old: QuerySet[ImportJob], now: dt.datetime) -> None:
    for job in old:
        cancel_import(job=job, by=ActorKind.SYSTEM, now=now)


def _erase(leads: QuerySet[Lead], now: dt.datetime) -> None:
    for lead in leads:
        erasure.erase_lead(lead, by=ActorKind.SYSTEM, now=now, asked=False)


def _blank(rows: QuerySet[Any], now: dt.datetime) -> None:
    with transaction.atomic():
        _record_counts(rows, rows.update(**rows.model.PII_FIELDS), now)


def _delete(rows: QuerySet[Any], now: dt.datetime) -> None:
    with transaction.atomic():
        _record_counts(rows, rows.delete()[1].get(rows.model._meta.label, 0), now)


def _record_counts(rows: QuerySet[Any], gone: int, now: dt.datetime) -> None:
    if gone:
        record_event(
            None,
            AuditAction.LET_GO,
            by=ActorKind.SYSTEM,
            now=now,
            target=f"table:{rows.model._meta.model_name}",
            rows=gone,
        )


RULES = (
    RetentionRule("copies that people asked for", lambda now: DataExportJob.objects.expired(now), _delete),
    RetentionRule("texts of old messages", _old_message_bodies, _blank),
    RetentionRule("texts of old replies", _old_replies, _blank),
    RetentionRule("merges that can no longer be undone", _expired_merges, _blank),
    RetentionRule("lists of people that were uploaded", lambda now: ImportJob.objects.old(now), _drop_expired_imports),
    RetentionRule("people who never confirmed", _unconfirmed_leads, _erase),
    RetentionRule("people long silent", _inactive_leads, _erase),
)
