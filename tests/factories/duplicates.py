"""Make merges and pairs of leads that are two people."""

import factory
from django.utils import timezone

from signups.leads.choices import LeadStatus
from signups.leads.merge_models import DistinctLeadPair, LeadMerge

from .leads import LeadFactory
from .users import UserFactory


class LeadMergeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LeadMerge

    lead = factory.SubFactory(LeadFactory)
    merged_lead = factory.SubFactory(LeadFactory, status=LeadStatus.MERGED)
    merged_by = factory.SubFactory(UserFactory)
    merged_at = factory.LazyFunction(timezone.now)


class DistinctLeadPairFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DistinctLeadPair

    older = factory.SubFactory(LeadFactory)
    newer = factory.SubFactory(LeadFactory)
    created_by = factory.SubFactory(UserFactory)
    created_at = factory.LazyFunction(timezone.now)
