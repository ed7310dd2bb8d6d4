"""Make onboarding calls."""

import datetime as dt

import factory
from django.utils import timezone

from signups.calls.models import OnboardingCall

from .hosts import HostFactory
from .leads import LeadFactory


class OnboardingCallFactory(factory.django.DjangoModelFactory):
    """A call of half an hour, without buffers."""

    class Meta:
        model = OnboardingCall

    lead = factory.SubFactory(LeadFactory)
    host = factory.SubFactory(HostFactory)
    starts_at = factory.LazyFunction(lambda: timezone.now() + dt.timedelta(days=1))
    ends_at = factory.LazyAttribute(lambda call: call.starts_at + dt.timedelta(minutes=30))
    blocked_from = factory.SelfAttribute("starts_at")
    blocked_to = factory.SelfAttribute("ends_at")
    uid = factory.Sequence("call-{}@harbor.example".format)
    created_at = factory.LazyFunction(timezone.now)
    changed_at = factory.SelfAttribute("created_at")
