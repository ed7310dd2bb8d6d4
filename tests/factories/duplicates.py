"""Make merges and pairs of leads that are two people."""

import factory
from django.utils import timezone

from signups import models as signups
from signups import states

from .leads import LeadFactory
from .users import UserFactory


class MergeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Merge

    lead = factory.SubFactory(LeadFactory)
    other = factory.SubFactory(LeadFactory, status=states.LeadStatus.MERGED)
    by = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)


class TwoPeopleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.TwoPeople

    older = factory.SubFactory(LeadFactory)
    newer = factory.SubFactory(LeadFactory)
    by = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)
