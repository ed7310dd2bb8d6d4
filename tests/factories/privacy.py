"""Make data exports."""

import factory
from django.utils import timezone

from signups.privacy.models import DataExportChunk, DataExportJob

from .leads import LeadFactory


class DataExportJobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DataExportJob

    lead = factory.SubFactory(LeadFactory)
    requested_at = factory.LazyFunction(timezone.now)


class DataExportChunkFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DataExportChunk

    copy = factory.SubFactory(DataExportJobFactory)
    number = factory.Sequence(int)
    model = "signups.Note"
    keys = []
