import datetime as dt

import factory
from django.utils import timezone

from signups.followups.models import FollowUp

from .leads import LeadFactory
from .users import UserFactory


class FollowUpFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FollowUp

    lead = factory.SubFactory(LeadFactory)
    owner = factory.SubFactory(UserFactory)
    task = "Ask about the second call"
    created_by = factory.SelfAttribute("owner")
    created_at = factory.LazyFunction(timezone.now)
    due_at = factory.LazyAttribute(lambda row: row.created_at + dt.timedelta(days=1))
