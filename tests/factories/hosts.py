"""Make hosts and their hours."""

import datetime as dt

import factory
from django.utils import timezone

from signups.hosts.models import AvailabilityRule, DateOverride, Holiday, Host, TimeOff

from .users import UserFactory


class HostFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Host

    user = factory.SubFactory(UserFactory)
    time_zone = "America/New_York"


class AvailabilityRuleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AvailabilityRule

    host = factory.SubFactory(HostFactory)
    weekday = 0
    start = 9 * 60
    end = 12 * 60


class DateOverrideFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DateOverride

    host = factory.SubFactory(HostFactory)
    date = dt.date(2026, 11, 30)


class TimeOffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TimeOff

    host = factory.SubFactory(HostFactory)
    starts_at = factory.LazyFunction(timezone.now)
    ends_at = factory.LazyAttribute(lambda off: off.starts_at + dt.timedelta(days=1))


class HolidayFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Holiday

    date = dt.date(2026, 12, 25)
    name = "Christmas Day"
