"""Make saved views of the lead list and bulk actions."""

import factory
from django.utils import timezone

from signups.desk.bulk_models import BulkJob
from signups.desk.models import SavedList

from .users import UserFactory


class SavedListFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SavedList

    name = factory.Sequence("view {}".format)
    query = "status=new"
    owner = factory.SubFactory(UserFactory)
    created_at = factory.LazyFunction(timezone.now)


class BulkJobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BulkJob

    kind = "assign"
    form: dict[str, str] = {"owner": "none"}
    size = 0
    created_by = factory.SubFactory(UserFactory)
    created_at = factory.LazyFunction(timezone.now)
