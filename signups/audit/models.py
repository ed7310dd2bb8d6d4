"""The audit log: who did what to which lead, and when.

An event is written in the transaction of the change that it records, signed at once and appended to a hash chain soon
after (`signing.py`, `chain.py`). Database triggers reject every other change of these rows (`triggers.py`).
"""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.lib.append_only import AppendOnly

from . import signing
from .choices import ActorKind, audit_actions


class SignatureField(models.CharField):
    """Sign the event on insert, also by `bulk_create`."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if add:
            values = signing.canonical_bytes(*(getattr(model_instance, name) for name in signing.SIGNED_FIELDS))
            setattr(model_instance, self.attname, signing.sign(values))
        return super().pre_save(model_instance, add)


class AuditEvent(AppendOnly):
    """One entry of the audit log.

    `detail` holds plain facts for the reader (a version, a channel), never an address, a name or a link. An event that
    concerns no lead names its `target`: `host:5`, `article:2`.
    """

    PII_FIELDS: ClassVar[dict[str, Any]] = {}

    lead = models.ForeignKey("signups.Lead", on_delete=models.PROTECT, null=True, related_name="events")
    target = models.CharField(max_length=60, blank=True)
    occurred_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=30, choices=audit_actions)
    detail = models.JSONField(default=dict)
    # Identifies the form submission that caused the event, so that a resubmission is applied once.
    idempotency_key = models.UUIDField(null=True, unique=True)
    signature = SignatureField(max_length=73, default="", editable=False)
    # Set once, by the worker, after the commit: ids are assigned before it, so their order is not the commit order.
    sequence = models.PositiveBigIntegerField(null=True, unique=True, editable=False)
    chain_hash = models.CharField(max_length=73, blank=True, editable=False)

    class Meta:
        verbose_name = "event"
        ordering = ["-occurred_at", "-id"]
        indexes = [
            models.Index(fields=["lead", "-occurred_at", "-id"], name="signups_event_timeline"),
            # The audit log page lists events newest first, filtered by action or by actor and action.
            models.Index(fields=["action", "-id"], name="signups_event_action"),
            models.Index(
                fields=["actor", "action", "-id"], condition=Q(actor__isnull=False), name="signups_event_actor_action"
            ),
            models.Index(fields=["id"], condition=Q(sequence=None), name="signups_event_unchained"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(actor_kind=ActorKind.STAFF, actor__isnull=False)
                | (~Q(actor_kind=ActorKind.STAFF) & Q(actor=None)),
                name="signups_event_staff_has_actor",
            ),
            models.CheckConstraint(
                condition=Q(lead__isnull=False) | Q(target__gt=""), name="signups_event_has_lead_or_target"
            ),
            models.CheckConstraint(
                condition=Q(sequence=None, chain_hash="") | Q(sequence__gte=1, chain_hash__gt=""),
                name="signups_event_chained_has_sequence",
            ),
        ]

    def __str__(self) -> str:
        return self.get_action_display()
