"""Make leads, notes and tags."""

import factory
from django.utils import timezone

from signups import models as signups

from .users import UserFactory


class LeadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Lead

    name = "Jo Miller"
    email = factory.Sequence("jo{}@example.com".format)
    email_key = factory.SelfAttribute("email")
    time_zone = "America/New_York"
    created_at = factory.LazyFunction(timezone.now)


class NoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Note

    lead = factory.SubFactory(LeadFactory)
    author = factory.SubFactory(UserFactory)
    text = "Prefers mornings."
    at = factory.LazyFunction(timezone.now)


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Tag

    name = factory.Sequence("tag {}".format)


class TaggingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Tagging

    lead = factory.SubFactory(LeadFactory)
    tag = factory.SubFactory(TagFactory)
