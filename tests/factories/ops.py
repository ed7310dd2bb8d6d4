"""Make what the site notes about itself."""

import factory
from django.utils import timezone

from signups import models as signups


class RateCountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.RateCount

    key = factory.Sequence("{:064x}".format)
    window = factory.LazyFunction(timezone.now)
    count = 1


class CanaryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Canary


class HeartbeatFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Heartbeat

    worker = factory.Sequence("machine:{}".format)
    at = factory.LazyFunction(timezone.now)
