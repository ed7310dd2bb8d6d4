"""Make events of the audit log."""

import factory
from django.utils import timezone

from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent

from .leads import LeadFactory


class AuditEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AuditEvent

    lead = factory.SubFactory(LeadFactory)
    occurred_at = factory.LazyFunction(timezone.now)
    actor_kind = ActorKind.PATIENT
    action = AuditAction.SIGNED_UP
