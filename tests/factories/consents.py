"""Make consents, their texts, and suppressed addresses."""

import factory
from django.utils import timezone

from signups import models as signups
from signups import states

from .leads import LeadFactory


class ConsentTextFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.ConsentText

    purpose = states.Purpose.TERMS
    version = "2026-11"
    sha256 = factory.Sequence("{:064x}".format)
    text = "The terms."


class ConsentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Consent

    lead = factory.SubFactory(LeadFactory)
    text = factory.SubFactory(ConsentTextFactory)
    granted = True
    channel = states.ConsentChannel.WEB
    at = factory.LazyFunction(timezone.now)


class SuppressionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Suppression

    digest = factory.Sequence("{:064x}".format)
    at = factory.LazyFunction(timezone.now)
