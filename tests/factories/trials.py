"""Make trials and places on the waitlist."""

import factory
from django.utils import timezone

from signups.trials.models import Trial
from signups.trials.waitlist_models import WaitlistEntry

from .leads import LeadFactory


class TrialFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Trial

    lead = factory.SubFactory(LeadFactory)
    days = 7
    guarantee_days = 30
    terms_version = "2026-11"
    requested_at = factory.LazyFunction(timezone.now)


class WaitlistEntryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WaitlistEntry

    lead = factory.SubFactory(LeadFactory)
    state = "TX"
    created_at = factory.LazyFunction(timezone.now)
