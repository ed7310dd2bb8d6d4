"""Make events of the audit log."""

import factory
from django.utils import timezone

from signups import models as signups
from signups import states

from .leads import LeadFactory


class EventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Event

    lead = factory.SubFactory(LeadFactory)
    at = factory.LazyFunction(timezone.now)
    actor_kind = states.ActorKind.PATIENT
    verb = states.Verb.SIGNED_UP
