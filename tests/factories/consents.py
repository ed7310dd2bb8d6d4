"""Make consents, their texts, and suppressed addresses."""

import factory
from django.utils import timezone

from signups.consents.choices import ConsentChannel, ConsentPurpose
from signups.consents.models import Consent, ConsentText
from signups.consents.suppression_models import Suppression, TextStop

from .leads import LeadFactory


class ConsentTextFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ConsentText

    purpose = ConsentPurpose.TERMS
    version = "2026-11"
    sha256 = factory.Sequence("{:064x}".format)
    text = "The terms."


class ConsentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Consent

    lead = factory.SubFactory(LeadFactory)
    text = factory.SubFactory(ConsentTextFactory)
    granted = True
    channel = ConsentChannel.WEB
    created_at = factory.LazyFunction(timezone.now)


class SuppressionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Suppression

    digest = factory.Sequence("{:064x}".format)
    created_at = factory.LazyFunction(timezone.now)


class TextStopFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TextStop

    digest = factory.Sequence("0badc0de:{:064x}".format)
    created_at = factory.LazyFunction(timezone.now)
