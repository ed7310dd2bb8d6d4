"""Make merges and pairs of leads that are two people."""

import factory
from django.utils import timezone

from signups.duplicates.models import DistinctLeadPair
from signups.leads.choices import LeadStatus
from signups.leads.merge_models import LeadMerge

from .leads import LeadFactory
from .users import UserFactory


class MergeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LeadMerge

    lead = factory.SubFactory(LeadFactory)
    other = factory.SubFactory(LeadFactory, status=LeadStatus.MERGED)
    by = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)


class TwoPeopleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DistinctLeadPair

    older = factory.SubFactory(LeadFactory)
    newer = factory.SubFactory(LeadFactory)
    by = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)
