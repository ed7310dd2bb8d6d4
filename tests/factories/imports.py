"""Make uploaded lists."""

import factory
from django.utils import timezone

from signups.imports.models import ImportChunk, ImportJob

from .users import UserFactory


class ImportJobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportJob

    created_by = factory.SubFactory(UserFactory)
    created_at = factory.LazyFunction(timezone.now)
    header = ("Name", "E-mail")
    columns = ("name", "email")
    size = 1


class ImportChunkFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportChunk

    import_job = factory.SubFactory(ImportJobFactory)
    index = 0
    rows = ((2, ["Jo Miller", "jo@example.com"]),)
    size = 1
