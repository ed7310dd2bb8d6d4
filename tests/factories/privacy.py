"""Make data exports."""

import factory
from django.utils import timezone

from signups import models as signups

from .leads import LeadFactory


class DataCopyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.DataCopy

    lead = factory.SubFactory(LeadFactory)
    asked_at = factory.LazyFunction(timezone.now)


class CopyPartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.CopyPart

    copy = factory.SubFactory(DataCopyFactory)
    number = factory.Sequence(int)
    model = "signups.Note"
    keys = []
