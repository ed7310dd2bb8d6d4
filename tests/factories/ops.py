"""Make what the site notes about itself."""

import factory
from django.utils import timezone

from signups.ops.heartbeat_models import WorkerHeartbeat
from signups.ops.key_check import EncryptionKeyCheck
from signups.ops.models import RateLimitCounter


class RateLimitCounterFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RateLimitCounter

    key = factory.Sequence("{:064x}".format)
    window = factory.LazyFunction(timezone.now)
    count = 1


class EncryptionKeyCheckFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EncryptionKeyCheck


class WorkerHeartbeatFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WorkerHeartbeat

    worker = factory.Sequence("machine:{}".format)
    seen_at = factory.LazyFunction(timezone.now)
