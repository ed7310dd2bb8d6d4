"""Make data exports."""

import factory
from django.utils import timezone

from signups.privacy.models import DataExportChunk, DataExportJob

from .leads import LeadFactory


class DataCopyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DataExportJob

    lead = factory.SubFactory(LeadFactory)
    requested_at = factory.LazyFunction(timezone.now)


class CopyPartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DataExportChunk

    copy = factory.SubFactory(DataCopyFactory)
    number = factory.Sequence(int)
    model = "signups.Note"
    keys = []
