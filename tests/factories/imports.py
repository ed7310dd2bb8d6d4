"""Make uploaded lists."""

import factory
from django.utils import timezone

from signups.imports.models import ImportChunk, ImportJob

from .users import UserFactory


class ImportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportJob

    created_by = factory.SubFactory(UserFactory)
    created_at = factory.LazyFunction(timezone.now)
    header = ("Name", "E-mail")
    columns = ("name", "email")
    size = 1


class ImportPartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportChunk

    import_job = factory.SubFactory(ImportFactory)
    index = 0
    rows = ((2, ["Jo Miller", "jo@example.com"]),)
    size = 1
