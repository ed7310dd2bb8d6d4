"""Make leads, notes and tags."""

import factory
from django.utils import timezone

from clinic.lib.phone_numbers import parse_phone
from signups.leads.close_reason_models import CloseReason
from signups.leads.models import Lead
from signups.leads.note_models import Note, NoteDraft
from signups.leads.tag_models import LeadTag, Tag

from .users import UserFactory


class LeadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Lead

    name = "Jo Miller"
    email = factory.Sequence("jo{}@example.com".format)
    email_key = factory.SelfAttribute("email")
    phone = factory.Sequence("(212) 555-{:04}".format)
    phone_e164 = factory.LazyAttribute(lambda lead: parse_phone(lead.phone, "US").e164 if lead.phone else "")
    time_zone = "America/New_York"
    created_at = factory.LazyFunction(timezone.now)


class NoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Note

    lead = factory.SubFactory(LeadFactory)
    author = factory.SubFactory(UserFactory)
    text = "Prefers mornings."
    created_at = factory.LazyFunction(timezone.now)


class NoteDraftFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = NoteDraft

    lead = factory.SubFactory(LeadFactory)
    author = factory.SubFactory(UserFactory)
    text = "Prefers mornings, and"
    updated_at = factory.LazyFunction(timezone.now)


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tag

    name = factory.Sequence("tag {}".format)


class LeadTagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LeadTag

    lead = factory.SubFactory(LeadFactory)
    tag = factory.SubFactory(TagFactory)


class CloseReasonFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CloseReason

    name = factory.Sequence("reason {}".format)
